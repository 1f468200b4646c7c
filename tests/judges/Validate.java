import java.io.FileInputStream;
import java.security.cert.*;
import java.util.*;

/** Validates each leaf.pem named on the command line against root.pem, issuing.pem and lists.pem (RFC 5280 section 6). */
class Validate {
    public static void main(String[] names) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate root = read(factory, "root.pem"), issuing = read(factory, "issuing.pem");
        List<Object> store = new ArrayList<>(List.of(root, issuing));
        try (FileInputStream in = new FileInputStream("lists.pem")) {
            store.addAll(factory.generateCRLs(in));
        }
        for (String name : names) {
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(store)));
            parameters.setExplicitPolicyRequired(true);
            parameters.setPolicyQualifiersRejected(false);
            parameters.setRevocationEnabled(true);
            CertPath path = factory.generateCertPath(List.of(read(factory, name + ".pem"), issuing));
            try {
                CertPathValidator.getInstance("PKIX").validate(path, parameters);
                System.out.println(name + " VALID");
            } catch (CertPathValidatorException refused) {
                System.out.println(name + " " + refused.getReason());
            }
        }
    }

    static X509Certificate read(CertificateFactory factory, String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            return (X509Certificate) factory.generateCertificate(in);
        }
    }
}
