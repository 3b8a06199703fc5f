package im.comity.discovery;

import java.util.concurrent.CompletableFuture;

/**
 * One question that was asked and what came back, kept for identity checks, the trace and the
 * checker (S2S-DNS-22).
 *
 * @param name the absolute name asked for
 */
public record Lookup(String name, RecordType type, DnsAnswer answer) {
  /** Asks; the future ends normally even if a resolver from outside breaks its promise. */
  static CompletableFuture<Lookup> of(Resolver resolver, String name, RecordType type) {
    return resolver
        .ask(name, type)
        .exceptionally(e -> new DnsAnswer.LookupFailed("the resolver failed: " + e))
        .thenApply(answer -> new Lookup(name, type, answer));
  }
}
