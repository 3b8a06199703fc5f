/**
 * A certification authority for tests: certificates with any defect, revocation lists, OCSP.
 *
 * <p>Knows X.509 and the names that XMPP puts into certificates. Must not know TLS connections, nor
 * judge what it issues.
 *
 * <p>Start at {@link im.comity.testkit.tls.TestCa}.
 */
@NullMarked
package im.comity.testkit.tls;

import org.jspecify.annotations.NullMarked;
