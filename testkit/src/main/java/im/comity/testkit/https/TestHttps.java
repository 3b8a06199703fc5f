package im.comity.testkit.https;

import im.comity.testkit.Pause;
import im.comity.testkit.internal.Workers;
import im.comity.testkit.tls.TestCertificate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A web server on loopback with scripted answers per host and path; what has none is answered 404.
 *
 * <p>One request per connection. A head of more than 16 KiB is answered 431, a body of more than 64
 * KiB 413. At most 128 connections are open; further ones are closed at once. Safe for use by
 * several threads; after {@link #close} none of its own is left.
 */
public final class TestHttps implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TestHttps.class);

  private static final int LOG_LENGTH = 4096;
  private static final int HEAD_BYTES = 16 * 1024;
  private static final int BODY_BYTES = 64 * 1024;
  private static final int CONNECTIONS = 128;
  private static final String EVERY_HOST = "*";

  private final InstantSource time;
  private final Pause pause;
  private final @Nullable SSLContext tls;
  private final HostKeys keys;
  private final ServerSocket listener;
  private final Workers workers = new Workers("test-https");
  private final AtomicInteger accepted = new AtomicInteger();
  private final Map<Place, Function<HttpRequest, HttpAnswer>> places = new ConcurrentHashMap<>();

  /** Guards the log and, as its monitor, wakes those who wait for it. */
  private final Deque<HttpRequest> log = new ArrayDeque<>();

  private record Place(String host, String path) {}

  private TestHttps(
      InetSocketAddress address, InstantSource time, Pause pause, @Nullable TestCertificate own)
      throws IOException {
    this.time = time;
    this.pause = pause;
    this.keys = new HostKeys(own);
    this.tls = own == null ? null : context(keys);
    this.listener = new ServerSocket();
    try {
      listener.bind(address);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    workers.accept(listener, CONNECTIONS, accepted::incrementAndGet, this::serve);
  }

  private static SSLContext context(HostKeys keys) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {keys}, null, new SecureRandom());
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

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
    private final InetSocketAddress address;
    private InstantSource time = InstantSource.system();
    private Pause pause = Pause.REAL;

    private Builder(InetSocketAddress address) {
      if (address.isUnresolved() || !address.getAddress().isLoopbackAddress()) {
        throw new IllegalArgumentException("not a loopback address: " + address);
      }
      this.address = address;
    }

    /** The clock of the request log; the system's unless told. */
    public Builder time(InstantSource clock) {
      this.time = clock;
      return this;
    }

    /** How slow answers wait; in real time unless told. */
    public Builder pause(Pause how) {
      this.pause = how;
      return this;
    }

    /**
     * Binds and starts with TLS; the certificate is for hosts that have none of their own.
     *
     * @throws UncheckedIOException if the address is taken
     */
    public TestHttps start(TestCertificate certificate) {
      return begin(certificate);
    }

    /**
     * Binds and starts without TLS, for OCSP, and to see that nobody comes by plain HTTP.
     *
     * @throws UncheckedIOException if the address is taken
     */
    public TestHttps startPlain() {
      return begin(null);
    }

    private TestHttps begin(@Nullable TestCertificate certificate) {
      try {
        return new TestHttps(address, time, pause, certificate);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  /** The certificate for clients that name this host by SNI, from now on. */
  public TestHttps certificate(String host, TestCertificate certificate) {
    keys.put(lower(host), certificate);
    return this;
  }

  /**
   * Answers requests for a host and path so, one each in this order, the last for ever.
   *
   * @param host without port, in any spelling; {@code *} for every host that has no own answer
   * @param path with query, exactly
   */
  public TestHttps on(String host, String path, HttpAnswer... answers) {
    if (answers.length == 0) {
      throw new IllegalArgumentException("no answer for " + host + path);
    }
    Deque<HttpAnswer> left = new ArrayDeque<>(List.of(answers));
    return on(
        host,
        path,
        _ -> {
          synchronized (left) {
            return left.size() > 1 ? left.removeFirst() : left.getFirst();
          }
        });
  }

  /** Answers requests for a host and path by a function, for example an OCSP responder. */
  public TestHttps on(String host, String path, Function<HttpRequest, HttpAnswer> answer) {
    places.put(new Place(lower(host), path), answer);
    return this;
  }

  /** The requests so far in the order of coming; of more than 4,096 the newest. */
  public List<HttpRequest> requests() {
    synchronized (log) {
      return List.copyOf(log);
    }
  }

  /**
   * Waits until so many requests have come.
   *
   * @return all requests so far
   * @throws AssertionError if they do not come in real time {@code atMost}
   */
  public List<HttpRequest> awaitRequests(int count, Duration atMost) throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    synchronized (log) {
      while (log.size() < count) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          throw new AssertionError(
              "%d of %d requests within %s: %s".formatted(log.size(), count, atMost, log));
        }
        TimeUnit.NANOSECONDS.timedWait(log, left);
      }
      return List.copyOf(log);
    }
  }

  /** How many connections were accepted, whether or not a request came of them. */
  public int connections() {
    return accepted.get();
  }

  /**
   * Stops and waits until its threads have ended.
   *
   * @throws IllegalStateException if a pause does not end by interruption
   */
  @Override
  public void close() {
    workers.close();
  }

  private void serve(Socket socket) throws IOException, InterruptedException {
    if (tls == null) {
      converse(socket, socket, null);
      return;
    }
    SSLSocket secure =
        (SSLSocket) tls.getSocketFactory().createSocket(socket, (InputStream) null, true);
    secure.setUseClientMode(false);
    secure.startHandshake();
    converse(socket, secure, serverName(secure.getSession()));
  }

  /** Takes one request and answers it; the stream may be the socket itself or TLS over it. */
  private void converse(Socket socket, Socket stream, @Nullable String serverName)
      throws IOException, InterruptedException {
    InputStream in = stream.getInputStream();
    OutputStream out = stream.getOutputStream();
    String head = head(in);
    if (head == null) {
      send(out, new HttpAnswer.Full(431, Map.of(), new byte[0]), false);
      stream.close();
      return;
    }
    if (head.isEmpty()) {
      return;
    }
    HttpRequest request = request(socket, in, head, serverName);
    if (request == null) {
      send(out, new HttpAnswer.Full(413, Map.of(), new byte[0]), false);
      stream.close();
      return;
    }
    note(request);
    boolean headOnly = request.method().equals("HEAD");
    switch (answer(request)) {
      case HttpAnswer.Full full -> send(out, full, headOnly);
      case HttpAnswer.Slow(HttpAnswer.Full full, int piece, Duration each) -> {
        out.write(headOf(full.status(), full.headers(), full.body().length));
        out.flush();
        for (int at = 0; at < full.body().length; at += piece) {
          pause.pause(each);
          out.write(full.body(), at, Math.min(piece, full.body().length - at));
          out.flush();
        }
      }
      case HttpAnswer.Endless(int status, Map<String, String> headers) -> {
        out.write(headOf(status, headers, -1));
        byte[] piece = new byte[4096];
        Arrays.fill(piece, (byte) 'x');
        while (!workers.closed()) {
          out.write(piece);
        }
      }
      case HttpAnswer.Cut(HttpAnswer.Full full, int after) -> {
        byte[] whole = whole(full);
        out.write(whole, 0, Math.min(after, whole.length));
        out.flush();
        // The socket below goes first, so that TLS cannot say goodbye.
        socket.close();
      }
      case HttpAnswer.Raw(byte[] octets) -> out.write(octets);
      case HttpAnswer.Silence _ -> awaitEnd(in);
    }
    stream.close();
  }

  private HttpAnswer answer(HttpRequest request) {
    Function<HttpRequest, HttpAnswer> own = places.get(new Place(request.host(), request.path()));
    Function<HttpRequest, HttpAnswer> any =
        own != null ? own : places.get(new Place(EVERY_HOST, request.path()));
    return any == null ? HttpAnswer.NOT_FOUND : any.apply(request);
  }

  private void note(HttpRequest request) {
    synchronized (log) {
      if (log.size() == LOG_LENGTH) {
        log.removeFirst();
      }
      log.addLast(request);
      log.notifyAll();
    }
  }

  private void awaitEnd(InputStream in) throws IOException {
    while (!workers.closed()) {
      try {
        if (in.read() < 0) {
          return;
        }
      } catch (SocketTimeoutException _) {
        LOG.trace("still silent");
      }
    }
  }

  /** The head of a request without its empty line; empty at the end, null if it is too long. */
  private static @Nullable String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    for (int octet = in.read(); octet >= 0; octet = in.read()) {
      head.write(octet);
      last = (last << 8) | octet;
      if (last == 0x0d0a0d0a) {
        return head.toString(StandardCharsets.ISO_8859_1).strip();
      }
      if (head.size() >= HEAD_BYTES) {
        return null;
      }
    }
    return "";
  }

  /** The request with its body; null if that is too long, or its length cannot be told. */
  private @Nullable HttpRequest request(
      Socket socket, InputStream in, String head, @Nullable String serverName) throws IOException {
    List<String> lines = head.lines().toList();
    String[] words = lines.getFirst().split(" ", 3);
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line : lines.subList(1, lines.size())) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.put(lower(line.substring(0, colon)), line.substring(colon + 1).strip());
      }
    }
    long length;
    try {
      length = Long.parseLong(headers.getOrDefault("content-length", "0"));
    } catch (NumberFormatException _) {
      return null;
    }
    if (length < 0 || length > BODY_BYTES || headers.containsKey("transfer-encoding")) {
      return null;
    }
    return new HttpRequest(
        words[0],
        host(headers.getOrDefault("host", "")),
        words.length > 1 ? words[1] : "",
        Map.copyOf(headers),
        in.readNBytes((int) length),
        serverName,
        time.instant(),
        (InetSocketAddress) socket.getRemoteSocketAddress());
  }

  private static void send(OutputStream out, HttpAnswer.Full full, boolean headOnly)
      throws IOException {
    out.write(headOnly ? headOf(full.status(), full.headers(), full.body().length) : whole(full));
    out.flush();
  }

  private static byte[] whole(HttpAnswer.Full full) {
    byte[] head = headOf(full.status(), full.headers(), full.body().length);
    byte[] whole = Arrays.copyOf(head, head.length + full.body().length);
    System.arraycopy(full.body(), 0, whole, head.length, full.body().length);
    return whole;
  }

  private static byte[] headOf(int status, Map<String, String> headers, int length) {
    Map<String, String> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    all.put("Connection", "close");
    if (length >= 0) {
      all.put("Content-Length", Integer.toString(length));
    }
    all.putAll(headers);
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Scripted\r\n");
    all.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String host(String header) {
    int colon = header.lastIndexOf(':');
    boolean port = colon > header.lastIndexOf(']');
    return lower(port ? header.substring(0, colon) : header);
  }

  private static @Nullable String serverName(SSLSession session) {
    if (session instanceof ExtendedSSLSession extended) {
      return extended.getRequestedServerNames().stream()
          .filter(SNIHostName.class::isInstance)
          .map(name -> lower(((SNIHostName) name).getAsciiName()))
          .findFirst()
          .orElse(null);
    }
    return null;
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
