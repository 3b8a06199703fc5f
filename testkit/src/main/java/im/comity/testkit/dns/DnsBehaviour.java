package im.comity.testkit.dns;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What a {@link TestDnsServer} does with a question, when told so for its name. */
public sealed interface DnsBehaviour {
  /** Answers from the zones. */
  DnsBehaviour NORMAL = new Normal();

  /** Never answers; over TCP the connection stays open. */
  DnsBehaviour DROP = new Drop();

  /** An empty answer with response code 2. */
  DnsBehaviour SERVFAIL = new Rcode(2);

  /** An empty answer with response code 5. */
  DnsBehaviour REFUSED = new Rcode(5);

  /** Octets that are no DNS message, though they begin like the answer. */
  DnsBehaviour GARBAGE = new Garbage();

  /** The answer from the zones under another message ID, as a blind forger sends it. */
  DnsBehaviour WRONG_ID = new WrongId();

  /** Over UDP an empty answer with the TC bit, whatever its size; over TCP the answer. */
  DnsBehaviour TRUNCATED = new Truncated();

  /** Over TCP closes the connection in the middle of the answer; over UDP sends half of it. */
  DnsBehaviour CUT = new Cut();

  /** See {@link #NORMAL}. */
  record Normal() implements DnsBehaviour {}

  /** See {@link #DROP}. */
  record Drop() implements DnsBehaviour {}

  /** See {@link #GARBAGE}. */
  record Garbage() implements DnsBehaviour {}

  /** See {@link #WRONG_ID}. */
  record WrongId() implements DnsBehaviour {}

  /** See {@link #TRUNCATED}. */
  record Truncated() implements DnsBehaviour {}

  /** See {@link #CUT}. */
  record Cut() implements DnsBehaviour {}

  /**
   * An empty answer with a response code.
   *
   * @param code 0 to 15
   */
  record Rcode(int code) implements DnsBehaviour {
    public Rcode {
      if (code < 0 || code > 15) {
        throw new IllegalArgumentException("response code out of 0 to 15: " + code);
      }
    }
  }

  /**
   * The answer from the zones with an extended error (RFC 8914), for example 3 for a stale answer;
   * without one when the question had no EDNS.
   *
   * @param code the info code, 0 to 65,535
   * @param text the extra text
   */
  record ExtendedError(int code, String text) implements DnsBehaviour {
    public ExtendedError {
      if (code < 0 || code > 0xffff) {
        throw new IllegalArgumentException("info code out of 0 to 65535: " + code);
      }
    }
  }

  /**
   * Waits, by the server's {@link im.comity.testkit.Pause}, and goes on.
   *
   * @param by at most {@link #LONGEST}, so that no test hangs on a slip of the pen
   * @param then what to do afterwards
   */
  record Delayed(Duration by, DnsBehaviour then) implements DnsBehaviour {
    /** Ten minutes. */
    public static final Duration LONGEST = Duration.ofMinutes(10);

    public Delayed {
      if (by.isNegative() || by.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException("delay out of 0 to " + LONGEST + ": " + by);
      }
    }
  }

  /** Answers from the zones as they are when the test calls {@link #release}, and not before. */
  final class Held implements DnsBehaviour {
    private static final long PATIENCE_SECONDS = 60;
    private final CountDownLatch released = new CountDownLatch(1);

    /** Lets the held questions, and all later ones, be answered. */
    public void release() {
      released.countDown();
    }

    /** Whether released within a minute; a test that forgot is answered by silence. */
    boolean await() throws InterruptedException {
      return released.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }
}
