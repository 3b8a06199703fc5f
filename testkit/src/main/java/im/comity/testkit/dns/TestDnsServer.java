package im.comity.testkit.dns;

import im.comity.testkit.Pause;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/**
 * A DNS server on loopback, UDP and TCP on one port, for the zones of a {@link ZoneSet}.
 *
 * <p>It answers like an authoritative server (AA, SOA in negative answers, proofs when DO is set)
 * and looks like a recursive one (RA), so it can be the only resolver of a stub, of a validating
 * forwarder or of the C library. What no zone holds does not exist. Safe for use by several
 * threads; after {@link #close} none of its own is left.
 */
public final class TestDnsServer implements AutoCloseable {
  private TestDnsServer() {}

  /** Starts on the loopback address, any port, with real time. */
  public static TestDnsServer start(ZoneSet zones) {
    return at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).start(zones);
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

    /** The clock of the query log; the system's unless told. */
    public Builder time(InstantSource time) {
      throw new UnsupportedOperationException(time.toString());
    }

    /** How delayed answers wait; in real time unless told. */
    public Builder pause(Pause pause) {
      throw new UnsupportedOperationException(pause.toString());
    }

    /**
     * Binds and starts.
     *
     * @throws java.io.UncheckedIOException if the address is taken
     */
    public TestDnsServer start(ZoneSet zones) {
      throw new UnsupportedOperationException(zones.toString());
    }
  }

  /** Where it listens, by UDP and by TCP. */
  public InetSocketAddress address() {
    throw new UnsupportedOperationException();
  }

  /** Answers from other zones from now on. */
  public void serve(ZoneSet zones) {
    throw new UnsupportedOperationException(zones.toString());
  }

  /** The zones it answers from now. */
  public ZoneSet zones() {
    throw new UnsupportedOperationException();
  }

  /**
   * The largest answer over UDP, whatever a client offers; larger ones are cut to TC. 1,232 octets
   * unless told; 0 sends everybody to TCP.
   */
  public void udpLimit(int octets) {
    throw new UnsupportedOperationException("" + octets);
  }

  /** Whether every answer claims with the AD bit to be validated, as a lying resolver does. */
  public void claimAuthentic(boolean claim) {
    throw new UnsupportedOperationException("" + claim);
  }

  /**
   * From now on treats every question so.
   *
   * @param name the name asked for, the final dot may be left out
   * @param type a mnemonic such as {@code SRV}, or {@code *} for every type
   */
  public void always(String name, String type, DnsBehaviour behaviour) {
    throw new UnsupportedOperationException(name + type + behaviour);
  }

  /**
   * Treats the next questions so, one each in this order, before what {@link #always} says.
   *
   * @see #always
   */
  public void next(String name, String type, DnsBehaviour... behaviours) {
    throw new UnsupportedOperationException(name + type + behaviours.length);
  }

  /** Forgets everything said by {@link #always} and {@link #next}. */
  public void behave() {
    throw new UnsupportedOperationException();
  }

  /** The questions so far in the order of coming; of more than 65,536 the newest. */
  public List<DnsQuery> queries() {
    throw new UnsupportedOperationException();
  }

  /** The questions so far for a name (in any spelling) and a type, or {@code *} for every type. */
  public List<DnsQuery> queries(String name, String type) {
    throw new UnsupportedOperationException(name + type);
  }

  /** Empties the log. */
  public void forgetQueries() {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until the log holds so many questions for a name and a type.
   *
   * @return those questions
   * @throws AssertionError if they do not come in real time {@code atMost}
   */
  public List<DnsQuery> awaitQueries(String name, String type, int count, Duration atMost)
      throws InterruptedException {
    throw new UnsupportedOperationException(name + type + count + atMost);
  }

  /** Stops and waits until its threads have ended. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
