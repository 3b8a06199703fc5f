/**
 * A scripted web server on loopback, for documents fetched over HTTPS and for OCSP over HTTP.
 *
 * <p>Knows enough of HTTP/1.1 to answer one request per connection, rightly or wrongly. Must not
 * know what the documents mean.
 *
 * <p>Start at {@link im.comity.testkit.https.TestHttps}.
 */
@NullMarked
package im.comity.testkit.https;

import org.jspecify.annotations.NullMarked;
