package im.comity.discovery;

import java.util.concurrent.CompletableFuture;

/** Asks DNS. The extension point for whoever has a resolver of their own. */
public interface Resolver {
  /**
   * Asks one question.
   *
   * <p>Never blocks. The future ends in bounded time and normally: what goes wrong is a {@link
   * DnsAnswer.LookupFailed}. It may be completed already. Cancelling it must not disturb others who
   * ask the same. Safe for use by many threads.
   *
   * @param absoluteName the name in A-labels with the last dot, for example {@code
   *     _xmpp-server._tcp.south.example.}
   */
  CompletableFuture<DnsAnswer> ask(String absoluteName, RecordType type);
}
