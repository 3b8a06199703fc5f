package im.comity.testkit.https;

import im.comity.testkit.Pause;
import im.comity.testkit.tls.TestCertificate;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;

/**
 * A web server on loopback with scripted answers per host and path; what has none is answered 404.
 *
 * <p>One request per connection. Safe for use by several threads; after {@link #close} none of its
 * own is left.
 */
public final class TestHttps implements AutoCloseable {
  private TestHttps() {}

  /** Starts with TLS on the loopback address, any port, with real time. */
  public static TestHttps start(TestCertificate certificate) {
    return at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).start(certificate);
  }

  /**
   * Settings for a server at an address.
   *
   * @param address a loopback address; port 0 for any
   * @throws IllegalArgumentException if the address is not loopback
   */
  public static Builder at(InetSocketAddress address) {
    return new Builder(address);
  }

  /** What a server is started with. */
  public static final class Builder {
    private Builder(InetSocketAddress address) {
      throw new UnsupportedOperationException(address.toString());
    }

    /** The clock of the request log; the system's unless told. */
    public Builder time(InstantSource time) {
      throw new UnsupportedOperationException(time.toString());
    }

    /** How slow answers wait; in real time unless told. */
    public Builder pause(Pause pause) {
      throw new UnsupportedOperationException(pause.toString());
    }

    /** Binds and starts with TLS; the certificate is for hosts that have none of their own. */
    public TestHttps start(TestCertificate certificate) {
      throw new UnsupportedOperationException(certificate.toString());
    }

    /** Binds and starts without TLS, for OCSP, and to see that nobody comes by plain HTTP. */
    public TestHttps startPlain() {
      throw new UnsupportedOperationException();
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    throw new UnsupportedOperationException();
  }

  /** The certificate for clients that name this host by SNI, from now on. */
  public TestHttps certificate(String host, TestCertificate certificate) {
    throw new UnsupportedOperationException(host + certificate);
  }

  /**
   * Answers requests for a host and path so, one each in this order, the last for ever.
   *
   * @param host without port, in any spelling; {@code *} for every host that has no own answer
   * @param path with query, exactly
   */
  public TestHttps on(String host, String path, HttpAnswer... answers) {
    throw new UnsupportedOperationException(host + path + answers.length);
  }

  /** Answers requests for a host and path by a function, for example an OCSP responder. */
  public TestHttps on(String host, String path, Function<HttpRequest, HttpAnswer> answer) {
    throw new UnsupportedOperationException(host + path + answer);
  }

  /** The requests so far in the order of coming; of more than 65,536 the newest. */
  public List<HttpRequest> requests() {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until so many requests have come.
   *
   * @throws AssertionError if they do not come in real time {@code atMost}
   */
  public List<HttpRequest> awaitRequests(int count, Duration atMost) throws InterruptedException {
    throw new UnsupportedOperationException("" + count + atMost);
  }

  /** How many connections were accepted, whether or not a request came of them. */
  public int connections() {
    throw new UnsupportedOperationException();
  }

  /** Stops and waits until its threads have ended. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
