package im.comity.discovery;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Why one candidate, or one address of it, gave no connection.
 *
 * @param address the address concerned, or null if the candidate had none
 * @param detail one line for people
 */
public record ConnectFailure(
    Candidate candidate, @Nullable InetSocketAddress address, Cause cause, String detail) {
  /** Where the trouble lies. */
  public enum Cause {
    /** DNS could not be asked for the host's addresses. */
    LOOKUP_FAILED,
    /** DNS says that the host has no address of a family we use. */
    NO_ADDRESS,
    /** Our {@link AddressGuard} forbids the address. */
    FORBIDDEN,
    /** The connection was refused, or the network said that it cannot be made. */
    CONNECT_FAILED,
    /** There was silence. */
    TIMED_OUT,
    /** The race had used up its attempts before. */
    NOT_TRIED
  }
}
