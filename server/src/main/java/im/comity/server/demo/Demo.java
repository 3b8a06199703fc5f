package im.comity.server.demo;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Association;
import im.comity.association.Basis;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationFailure;
import im.comity.event.Remedy;
import im.comity.policy.FederationLevel;
import im.comity.stanza.Stanza;
import im.comity.testkit.dns.TestZone;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Two providers, four pairs of domains: three cross, each at another level, and one is refused. */
final class Demo implements AutoCloseable {
  /** How long one case may take before it counts as failed, in seconds. */
  private static final int CASE_SECONDS = 20;

  /**
   * How one pair went.
   *
   * @param expected the level that was to be reached; null for refused
   * @param reached the level that was reached; null for refused
   * @param code the code of the failure, or null
   * @param ms from sending the message until it, or its bounce, arrived
   */
  record Outcome(
      DomainPair pair,
      @Nullable FederationLevel expected,
      @Nullable FederationLevel reached,
      @Nullable String code,
      long ms) {
    boolean asExpected() {
      return expected == reached && (expected != null || EXPECTED_CODE.equals(code));
    }
  }

  private static final String EXPECTED_CODE = "CERT_EXPIRED";

  private record Case(
      String sender, String target, @Nullable FederationLevel expected, String how) {}

  private static final List<Case> CASES =
      List.of(
          new Case(
              "alpha.harbor.test",
              "gamma.orchard.test",
              FederationLevel.TRUSTED,
              "both show certificates of a trusted CA"),
          new Case(
              "beta.harbor.test",
              "delta.orchard.test",
              FederationLevel.ENCRYPTED,
              "self-signed certificates, so dialback over TLS"),
          new Case(
              "old.harbor.test",
              "older.orchard.test",
              FederationLevel.VERIFIED,
              "no certificates at all, so dialback in clear"),
          new Case(
              "alpha.harbor.test",
              "expired.orchard.test",
              null,
              "trusted is required, and the certificate has expired"));

  private final PrintWriter out;
  private final boolean colour;
  private final Provider harbor = new Provider("harbor");
  private final Provider orchard = new Provider("orchard");
  private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
  private volatile boolean telling;

  /** A message or bounce that arrived somewhere. */
  private record Arrived(Stanza stanza, @Nullable Association along) {}

  /**
   * @param out where the story goes
   */
  Demo(PrintWriter out, boolean colour) {
    this.out = out;
    this.colour = colour;
  }

  /** Starts both providers and publishes their records. */
  void start() throws IOException {
    harbor
        .serve(domain("alpha.harbor.test"), Provider.Certificate.OF_THE_CA, FederationLevel.TRUSTED)
        .serve(
            domain("beta.harbor.test"), Provider.Certificate.SELF_SIGNED, FederationLevel.ENCRYPTED)
        .serve(domain("old.harbor.test"), Provider.Certificate.NONE, FederationLevel.VERIFIED);
    orchard
        .serve(
            domain("gamma.orchard.test"), Provider.Certificate.OF_THE_CA, FederationLevel.TRUSTED)
        .serve(
            domain("delta.orchard.test"),
            Provider.Certificate.SELF_SIGNED,
            FederationLevel.ENCRYPTED)
        .serve(domain("older.orchard.test"), Provider.Certificate.NONE, FederationLevel.VERIFIED)
        .serve(
            domain("expired.orchard.test"),
            Provider.Certificate.EXPIRED,
            FederationLevel.ENCRYPTED);
    harbor.start(
        orchard.anchor(), this::happened, (stanza, along) -> seen.add(new Arrived(stanza, along)));
    orchard.start(
        harbor.anchor(), this::happened, (stanza, along) -> seen.add(new Arrived(stanza, along)));
    List<TestZone> zones = new ArrayList<>(harbor.zones());
    zones.addAll(orchard.zones());
    harbor.publish(zones);
    orchard.publish(zones);
    line(bold("Two providers on loopback, each with its own DNS server, CA and domains:"));
    line("  harbor   " + harbor.addresses());
    line("  orchard  " + orchard.addresses());
  }

  private static Domain domain(String name) {
    return Provider.domain(name);
  }

  /** Runs all cases, one after the other. */
  List<Outcome> run() throws InterruptedException {
    List<Outcome> outcomes = new ArrayList<>();
    for (Case one : CASES) {
      outcomes.add(run(outcomes.size() + 1, one));
    }
    return outcomes;
  }

  private Outcome run(int number, Case one) throws InterruptedException {
    DomainPair pair = new DomainPair(domain(one.sender()), domain(one.target()));
    line("");
    line(
        bold(
            "%d  %-9s %s -> %s"
                .formatted(number, name(one.expected()), one.sender(), one.target())));
    line("   " + one.how());
    seen.clear();
    telling = true;
    long began = System.nanoTime();
    harbor.send(message(one.sender(), one.target()));
    Outcome outcome = await(pair, one, began);
    telling = false;
    step(
        outcome.asExpected() ? "as expected" : "NOT AS EXPECTED",
        "%s in %d ms".formatted(name(outcome.reached()), outcome.ms()));
    return outcome;
  }

  private Outcome await(DomainPair pair, Case one, long began) throws InterruptedException {
    String code = null;
    FederationLevel reached = null;
    boolean crossed = false;
    boolean settled = false;
    long until = began + TimeUnit.SECONDS.toNanos(CASE_SECONDS);
    while (!(crossed && settled)) {
      Object next = seen.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (next == null) {
        return new Outcome(pair, one.expected(), null, "DEMO_TIMED_OUT", ms(began));
      }
      switch (next) {
        case Arrived(var stanza, var along) when along != null -> {
          // Both ends must have reached it: what the target's side knows of the sender counts.
          reached =
              reached == null || along.level().compareTo(reached) < 0 ? along.level() : reached;
          crossed = true;
          step("message", "\"" + body(stanza) + "\" arrives at " + stanza.target());
        }
        case Arrived(var stanza, _) -> {
          crossed = true;
          step("bounce", "returns to " + stanza.to());
        }
        case FederationEvent.WayOpened opened when opened.pair().equals(pair) -> {
          FederationLevel level = opened.association().level();
          reached = reached == null || level.compareTo(reached) < 0 ? level : reached;
          settled = true;
        }
        case FederationEvent.AttemptFailed failed when failed.pair().equals(pair) -> {
          code = failed.failure().code();
          settled = true;
        }
        default -> {}
      }
    }
    return new Outcome(pair, one.expected(), code == null ? reached : null, code, ms(began));
  }

  private static long ms(long began) {
    return Duration.ofNanos(System.nanoTime() - began).toMillis();
  }

  private static String body(Stanza stanza) {
    Element body = stanza.toElement().child(Namespaces.SERVER, "body");
    return body == null ? "" : body.text();
  }

  private static Stanza message(String sender, String target) {
    try {
      return Stanza.of(
          Element.of(Namespaces.SERVER, "message")
              .attribute("from", "ann@" + sender)
              .attribute("to", "bob@" + target)
              .attribute("type", "chat")
              .attribute("id", "demo")
              .child(Element.of(Namespaces.SERVER, "body").text("hello from " + sender).build())
              .build());
    } catch (AddressFormatException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Tells what happens while a case runs, and hands on what decides it. */
  private void happened(FederationEvent event) {
    if (!telling) {
      return;
    }
    switch (event) {
      case FederationEvent.Step(var pair, var step, var detail) -> {
        // What the target's side does to verify the sender is set in.
        if (CASES.stream().anyMatch(one -> one.target().equals(pair.target().toString()))) {
          step(step, detail);
        } else {
          step("  " + step, detail);
        }
      }
      case FederationEvent.SenderAdmitted admitted ->
          step(
              "admitted",
              admitted.pair().target()
                  + " takes "
                  + admitted.pair().sender()
                  + " at "
                  + admitted.association().level().wire()
                  + ", "
                  + basis(admitted.association().basis()));
      case FederationEvent.WayOpened opened -> {
        step(
            "open",
            "the way is open at "
                + opened.association().level().wire()
                + ", "
                + basis(opened.association().basis()));
        seen.add(opened);
      }
      case FederationEvent.AttemptFailed failed -> {
        explain(failed.failure());
        seen.add(failed);
      }
      default -> {}
    }
  }

  private static String basis(Basis basis) {
    return switch (basis) {
      case Basis.ByProof(var proof) -> "proven by " + proof.prooftype();
      case Basis.ByDialback _ -> "verified by dialback";
      case Basis.ByDelegation _ -> "as DNS says";
      case Basis.ByPolicyAlone _ -> "unproven";
    };
  }

  private void explain(NegotiationFailure failure) {
    Remedy remedy = Consequences.explain(failure);
    step("refused", colour(31, failure.code()) + ": " + remedy.sentence());
    step("who", remedy.who().name().toLowerCase(Locale.ROOT));
    step("remedy", remedy.remedy());
  }

  private static String name(@Nullable FederationLevel level) {
    return level == null ? "refused" : level.wire();
  }

  private void step(String what, String detail) {
    line("   %-12s %s".formatted(what, detail));
  }

  private synchronized void line(String text) {
    out.println(text);
    out.flush();
  }

  private String bold(String text) {
    return colour(1, text);
  }

  private String colour(int code, String text) {
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  @Override
  public void close() {
    harbor.close();
    orchard.close();
  }
}
