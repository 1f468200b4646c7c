"""The judges that see a whole crowd: each returns its verdict on every certificate, by name."""

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pypinksign
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

from ca.asn1.vid import read_identify_data
from ca.issuance.profile_check import findings
from tests.judges.many_certificates import GOOD, REVOKED, Crowd, Verdicts

JAVA = Path(__file__).with_name("Multitude.java")
BATCH = 200
Judgement = Callable[[Crowd], Verdicts]


def openssl(crowd: Crowd) -> Verdicts:
    """`openssl verify`, strict, with policies demanded, against the lists of the whole chain."""
    names = list(crowd.truth)
    verdicts: Verdicts = {}
    policies = {_policy(crowd, each) for each in names[:BATCH]}
    asked = [part for policy in sorted(policies) for part in ("-policy", policy)]
    strict = ["-x509_strict", "-policy_check", "-explicit_policy", *asked]
    status = ["-crl_check_all", "-extended_crl", "-CRLfile", "lists.pem"]
    chain = ["-CAfile", "root.pem", "-untrusted", "issuing.pem"]
    for at in range(0, len(names), BATCH):
        files = [f"{each}.pem" for each in names[at : at + BATCH]]
        said = _run(crowd, "openssl", "verify", *strict, *status, *chain, *files)
        verdicts |= dict.fromkeys(re.findall(r"^(\w+)\.pem: OK$", said.stdout, re.MULTILINE), GOOD)
        told = re.findall(r"error \d+ at \d+ depth lookup: (.+)\nerror (\w+)\.pem", said.stderr)
        verdicts |= {each: REVOKED if "certificate revoked" in why else why for why, each in told}
    return verdicts


def _policy(crowd: Crowd, each: str) -> str:
    policies = crowd.certificate(each).extensions.get_extension_for_class(x509.CertificatePolicies).value
    return policies[0].policy_identifier.dotted_string


def jdk_lists(crowd: Crowd) -> Verdicts:
    return _jdk(crowd, "lists")


def jdk_ocsp(crowd: Crowd) -> Verdicts:
    return _jdk(crowd, "ocsp")


def _jdk(crowd: Crowd, way: str) -> Verdicts:
    said = _run(crowd, "java", str(JAVA), way, given="".join(f"{each}\n" for each in crowd.truth))
    assert said.returncode == 0, said.stderr
    pairs = (line.partition(" ") for line in said.stdout.splitlines())
    return {each: verdict for each, _, verdict in pairs}


def gnutls(crowd: Crowd) -> Verdicts:
    """`certtool --verify` with the chain trusted and the lists at hand."""
    verdicts = {}
    known = ["--load-ca-certificate", "ca.pem", "--load-crl", "lists.pem"]
    for each in crowd.truth:
        said = _run(crowd, "certtool", "--verify", "--verify-profile", "low", *known, "--infile", f"{each}.pem")
        text = said.stdout + said.stderr
        if said.returncode == 0 and "Verified. The certificate is trusted" in text:
            verdicts[each] = GOOD
        else:
            verdicts[each] = REVOKED if "is revoked" in text else text
    return verdicts


def cryptography(crowd: Crowd) -> Verdicts:
    """The library's own path validation, which knows no revocation: everybody is good."""
    root = x509.load_pem_x509_certificate((crowd.folder / "root.pem").read_bytes())
    above = x509.load_pem_x509_certificates((crowd.folder / "issuing.pem").read_bytes())
    # The root names no policy, as it is the anchor of all.
    ca_policy = ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.CertificatePolicies, Criticality.CRITICAL, None
    )
    leaf_policy = ExtensionPolicy.permit_all().require_present(x509.CertificatePolicies, Criticality.CRITICAL, None)
    verifier = (
        PolicyBuilder()
        .store(Store([root]))
        .time(datetime.now(UTC))
        .extension_policies(ca_policy=ca_policy, ee_policy=leaf_policy)
        .build_client_verifier()
    )
    verdicts = {}
    for each in crowd.truth:
        try:
            verifier.verify(crowd.certificate(each), above)
        except x509.verification.VerificationError as error:
            verdicts[each] = str(error)
        else:
            verdicts[each] = GOOD
    return verdicts


def pkilint(crowd: Crowd) -> Verdicts:
    """Everything from WARNING up is a finding."""
    read = {each: x509.load_pem_x509_certificate(crowd.file(each).read_bytes()) for each in crowd.truth}
    return {name: ", ".join(findings(each.public_bytes(Encoding.DER))) or GOOD for name, each in read.items()}


def pinksign(crowd: Crowd) -> Verdicts:
    """Korea's own library reads name, serial and policy, and the holder's number proves itself with R."""
    verdicts = {}
    for each in crowd.truth:
        certificate = crowd.certificate(each)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            read = pypinksign.PinkSign(pubkey_data=certificate.public_bytes(Encoding.DER))
        person = read_identify_data(certificate).real_name
        # It shows names as RFC 4514 writes them, with backslashes.
        told = (read.serialnum(), read.cn().partition("()")[0].replace("\\", ""))
        well = told == (certificate.serial_number, person.replace("\\", ""))
        verdicts[each] = GOOD if well else f"reads {told}"
    return verdicts


def _run(crowd: Crowd, *command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).with_name(command[0])
    program = str(beside) if beside.exists() else command[0]
    return subprocess.run(
        [program, *command[1:]],
        cwd=crowd.folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


#: Who looks at the status, and who does not.
WITH_STATUS: dict[str, Judgement] = {
    "openssl verify": openssl,
    "JDK PKIX, lists": jdk_lists,
    "JDK PKIX, OCSP": jdk_ocsp,
    "GnuTLS certtool": gnutls,
}
WITHOUT: dict[str, Judgement] = {"cryptography": cryptography, "pkilint": pkilint, "pypinksign": pinksign}
