"""Every word a person reads: message catalogs, FAQ articles and menu paths, one folder a language."""
