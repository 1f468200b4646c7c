import java.io.*;
import java.nio.file.*;
import java.security.cert.*;
import java.util.*;

/** Reads names of certificates from standard input and validates each (RFC 5280 section 6), with lists or by OCSP. */
class Multitude {
    public static void main(String[] arguments) throws Exception {
        boolean ocsp = arguments[0].equals("ocsp");
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate root = read(factory, "root.pem").get(0);
        Map<Object, X509Certificate> issuers = new HashMap<>();
        List<Object> store = new ArrayList<>(List.of(root));
        for (X509Certificate issuer : read(factory, "issuing.pem")) {
            issuers.put(issuer.getSubjectX500Principal(), issuer);
            store.add(issuer);
        }
        try (InputStream in = new FileInputStream("lists.pem")) {
            store.addAll(factory.generateCRLs(in));
        }
        CertStore known = CertStore.getInstance("Collection", new CollectionCertStoreParameters(store));
        BufferedReader names = new BufferedReader(new InputStreamReader(System.in));
        for (String name = names.readLine(); name != null; name = names.readLine()) {
            X509Certificate leaf = read(factory, name + ".pem").get(0);
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
            parameters.addCertStore(known);
            parameters.setExplicitPolicyRequired(true);
            parameters.setPolicyQualifiersRejected(false);
            CertPathValidator validator = CertPathValidator.getInstance("PKIX");
            if (ocsp) {
                PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
                checker.setOptions(EnumSet.of(
                    PKIXRevocationChecker.Option.ONLY_END_ENTITY, PKIXRevocationChecker.Option.NO_FALLBACK));
                parameters.addCertPathChecker(checker);
            }
            CertPath path = factory.generateCertPath(List.of(leaf, issuers.get(leaf.getIssuerX500Principal())));
            try {
                validator.validate(path, parameters);
                System.out.println(name + " good");
            } catch (CertPathValidatorException refused) {
                boolean revoked = refused.getReason() == CertPathValidatorException.BasicReason.REVOKED;
                System.out.println(name + " " + (revoked ? "revoked" : refused));
            }
        }
    }

    static List<X509Certificate> read(CertificateFactory factory, String file) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            for (Certificate each : factory.generateCertificates(in)) found.add((X509Certificate) each);
        }
        return found;
    }
}
