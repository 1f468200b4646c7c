"""Which errors a person can mend: they end a command with one line and an exit code, not with a traceback."""

FAILED, WRONG_USE = 1, 2
#: Errors that a person can mend: one line and no traceback. By name, since importing all of them takes a second.
EXPLAINED = {
    "bot.settings.reading.SettingWrong": WRONG_USE,
    "bot.storage.database.DatabaseUnusable": WRONG_USE,
    "bot.settings.smtp.SmtpUrlBroken": WRONG_USE,
    "bot.identity.register.RowRefused": FAILED,
    "ca.values.refusals.WrongPassphrase": FAILED,
    "ca.ledger.vault.KeyFileUnusable": FAILED,
    "ca.values.refusals.LedgerBroken": FAILED,
    "ca.values.refusals.CaRefusal": FAILED,
    "bot.cli.authority.common.NotFound": FAILED,
    "bot.cli.authority.adopt.NotAdopted": FAILED,
    "ca.cmp.offices.OfficesWrong": WRONG_USE,
    "ca.profiles.reading.ProfileWrong": WRONG_USE,
    "ca.requests.published_keys.ListWrong": WRONG_USE,
    "bot.cli.authority.ceremony.CeremonyStopped": FAILED,
    "ca.ceremonies.backup.BackupDamaged": FAILED,
    "bot.backup.archive.BackupDamaged": FAILED,
    "bot.backup.service.NotRestored": FAILED,
    "ca.audit.receipt_verifier.ReceiptRefused": FAILED,
    "bot.messages.catalog.CatalogBroken": FAILED,
    "bot.knowledge.articles.article.ArticleBroken": FAILED,
    "bot.knowledge.training.evaluate.QueriesBroken": WRONG_USE,
    "bot.monitoring.readiness.NotReady": FAILED,
    "builtins.OSError": FAILED,
    "sqlite3.Error": FAILED,
}


def explained(error: Exception) -> int | None:
    """Return the exit code for an error that a person can mend; None for a mistake of ours."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((EXPLAINED[name] for name in names if name in EXPLAINED), None)
