package im.comity.testkit.dns;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;
import org.xbill.DNS.dnssec.ValidatingResolver;

/** dnsjava's validator in front of a test server, anchored in what the zones print. */
final class Validator {
  static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  private final ValidatingResolver resolver;

  private Validator(ValidatingResolver resolver) {
    this.resolver = resolver;
  }

  static Validator of(TestDnsServer server, String anchor, Clock clock) throws IOException {
    SimpleResolver plain = new SimpleResolver(server.address());
    plain.setTimeout(Duration.ofSeconds(20));
    ValidatingResolver resolver = new ValidatingResolver(plain, clock);
    resolver.loadTrustAnchors(new ByteArrayInputStream(anchor.getBytes(StandardCharsets.US_ASCII)));
    return new Validator(resolver);
  }

  static Validator of(TestDnsServer server) throws IOException {
    return of(server, server.zones().anchorDs(), CLOCK);
  }

  /** One word of secure, insecure and bogus, and with it the response code or the reason code. */
  String verdict(String name, String type) throws IOException, InterruptedException {
    Message answer = ask(name, type);
    if (answer.getRcode() == Rcode.SERVFAIL) {
      return "bogus"
          + answer.getOPT().getOptions().stream()
              .filter(ExtendedErrorCodeOption.class::isInstance)
              .map(o -> " " + ((ExtendedErrorCodeOption) o).getErrorCode())
              .collect(Collectors.joining());
    }
    String state = answer.getHeader().getFlag(Flags.AD) ? "secure " : "insecure ";
    if (answer.getRcode() == Rcode.NOERROR && answer.getSection(Section.ANSWER).isEmpty()) {
      return state + "NODATA";
    }
    return state + Rcode.string(answer.getRcode());
  }

  /** The data of the records of that type, without signatures. */
  List<String> data(String name, String type) throws IOException, InterruptedException {
    int wanted = Type.value(type);
    return ask(name, type).getSection(Section.ANSWER).stream()
        .filter(r -> r.getType() == wanted)
        .map(Record::rdataToString)
        .toList();
  }

  Message ask(String name, String type) throws IOException, InterruptedException {
    Record question = Record.newRecord(Name.fromString(name), Type.value(type), DClass.IN);
    try {
      return resolver.sendAsync(Message.newQuery(question)).toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }
}
