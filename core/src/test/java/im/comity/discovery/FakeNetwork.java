package im.comity.discovery;

import im.comity.transport.Gate;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.Network;
import im.comity.transport.Transport;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A network as a test writes it. What is not written stays silent. */
class FakeNetwork implements Network {
  private final ManualTimers timers;
  private final Map<String, Fate> fates = new HashMap<>();
  final List<Attempt> attempts = new ArrayList<>();
  final List<Transport> aborted = new ArrayList<>();

  private int transports;

  FakeNetwork(ManualTimers timers) {
    this.timers = timers;
  }

  private record Fate(boolean accepts, Duration delay) {}

  /** One call of {@link #connect}, at a time in milliseconds. */
  record Attempt(
      InetSocketAddress to, InetAddress source, long nanos, CompletableFuture<Transport> future) {
    String address() {
      return to.getAddress().getHostAddress();
    }
  }

  /** From now on an address accepts connections after a time. */
  FakeNetwork accepts(String address, long millis) {
    fates.put(key(address), new Fate(true, Duration.ofMillis(millis)));
    return this;
  }

  /** From now on an address refuses connections after a time. */
  FakeNetwork refuses(String address, long millis) {
    fates.put(key(address), new Fate(false, Duration.ofMillis(millis)));
    return this;
  }

  private static String key(String address) {
    return InetAddress.ofLiteral(address).getHostAddress();
  }

  /** The attempts so far as {@code address@milliseconds}. */
  List<String> log() {
    return attempts.stream()
        .map(a -> a.address().replace(":0:0:0:0:0:0:", "::") + "@" + a.nanos() / 1_000_000)
        .toList();
  }

  @Override
  public CompletableFuture<Transport> connect(InetSocketAddress to, InetAddress source) {
    CompletableFuture<Transport> future = new CompletableFuture<>();
    attempts.add(new Attempt(to, source, timers.nanoTime(), future));
    Fate fate = fates.get(to.getAddress().getHostAddress());
    if (fate != null) {
      Runnable decide =
          () -> {
            if (fate.accepts()) {
              future.complete(transport());
            } else {
              future.completeExceptionally(new ConnectException("Connection refused: " + to));
            }
          };
      if (fate.delay().isZero()) {
        decide.run();
      } else {
        timers.after(fate.delay(), decide);
      }
    }
    return future;
  }

  /** A connection of which one can only see whether it was aborted. */
  Transport transport() {
    String name = "fake transport " + ++transports;
    return (Transport)
        Proxy.newProxyInstance(
            Transport.class.getClassLoader(),
            new Class<?>[] {Transport.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "abort" -> {
                    aborted.add((Transport) self);
                    yield null;
                  }
                  case "equals" -> name.equals(arguments[0].toString());
                  case "hashCode" -> name.hashCode();
                  case "toString" -> name;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  @Override
  public Listening listen(ListenOptions options, Gate gate, Consumer<Transport> accepted) {
    throw new UnsupportedOperationException("nobody listens here");
  }

  @Override
  public int openConnections() {
    return 0;
  }

  @Override
  public int outstandingBuffers() {
    return 0;
  }

  @Override
  public void close() {}
}
