package im.comity.discovery;

import im.comity.discovery.DnsAnswer.LookupFailed;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.discovery.DnsAnswer.Records;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * DNS as a test writes it. What is not written does not exist; answers come at once unless told.
 */
final class FakeResolver implements Resolver {
  private static final Duration TTL = Duration.ofMinutes(5);

  private final ManualTimers timers;
  private final Map<String, DnsAnswer> answers = new HashMap<>();
  private final Map<String, Duration> delays = new HashMap<>();
  private final List<String> asked = new ArrayList<>();

  FakeResolver(ManualTimers timers) {
    this.timers = timers;
  }

  /** SRV records from lines like {@code 10 5 5269 im.south.example}; the target may be a dot. */
  FakeResolver srv(String name, String... records) {
    List<DnsRecord> parsed = new ArrayList<>();
    for (String record : records) {
      String[] words = record.split(" ", -1);
      parsed.add(
          new DnsRecord.Service(
              Integer.parseInt(words[0]),
              Integer.parseInt(words[1]),
              Integer.parseInt(words[2]),
              words[3]));
    }
    return answer(name, RecordType.SRV, new Records(name, parsed, TTL, List.of()));
  }

  /** Addresses of a host, both families in one call; DNS says of a family without any that. */
  FakeResolver host(String name, String... addresses) {
    for (RecordType type : List.of(RecordType.A, RecordType.AAAA)) {
      List<DnsRecord> records =
          Arrays.stream(addresses)
              .filter(a -> a.contains(":") == (type == RecordType.AAAA))
              .<DnsRecord>map(a -> new DnsRecord.Address(InetAddress.ofLiteral(a)))
              .toList();
      answer(
          name,
          type,
          records.isEmpty()
              ? new NoSuchRecord(false, TTL)
              : new Records(name, records, TTL, List.of()));
    }
    return this;
  }

  FakeResolver failing(String name, RecordType type, String reason) {
    return answer(name, type, new LookupFailed(reason));
  }

  FakeResolver answer(String name, RecordType type, DnsAnswer answer) {
    answers.put(name + " " + type, answer);
    return this;
  }

  /** Lets the answer come so late. */
  FakeResolver late(String name, RecordType type, long millis) {
    delays.put(name + " " + type, Duration.ofMillis(millis));
    return this;
  }

  /** The questions so far, such as {@code im.south.example. AAAA}. */
  List<String> asked() {
    return List.copyOf(asked);
  }

  @Override
  public CompletableFuture<DnsAnswer> ask(String absoluteName, RecordType type) {
    String question = absoluteName + " " + type;
    asked.add(question);
    DnsAnswer answer = answers.getOrDefault(question, new NoSuchRecord(true, TTL));
    Duration delay = delays.get(question);
    if (delay == null) {
      return CompletableFuture.completedFuture(answer);
    }
    CompletableFuture<DnsAnswer> late = new CompletableFuture<>();
    timers.after(delay, () -> late.complete(answer));
    return late;
  }
}
