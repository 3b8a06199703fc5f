package im.comity.association;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The permission to let stanzas of a pair flow along a stream, and the fact it rests on: that the
 * remote domain belongs to the far end (RFC 7712 section 1). Only {@link Admission} makes one.
 *
 * <p>The level is that of this stream, remote domain and direction, not of the stream (DNA-GEN-05).
 */
public final class Association {
  private final long stream;
  private final DomainPair pair;
  private final Direction direction;
  private final Basis basis;
  private final FederationLevel level;
  private final @Nullable Instant until;

  Association(
      long stream,
      DomainPair pair,
      Direction direction,
      Basis basis,
      FederationLevel level,
      @Nullable Instant until) {
    this.stream = stream;
    this.pair = pair;
    this.direction = direction;
    this.basis = basis;
    this.level = level;
    this.until = until;
  }

  /** Our handle of the stream. */
  public long stream() {
    return stream;
  }

  /** The pair, in the direction of flow. */
  public DomainPair pair() {
    return pair;
  }

  /** Whether the pair's stanzas leave by the stream or come in by it. */
  public Direction direction() {
    return direction;
  }

  /** The domain of the far end: the target of what we send, the sender of what we get. */
  public Domain remote() {
    return direction == Direction.OUTBOUND ? pair.target() : pair.sender();
  }

  /** What it rests on. */
  public Basis basis() {
    return basis;
  }

  /** How well the remote domain is authenticated. */
  public FederationLevel level() {
    return level;
  }

  /** The last instant at which the basis holds; null if only the stream's end ends it. */
  public @Nullable Instant until() {
    return until;
  }

  /** The same fact as permission for another pair of the same remote domain. */
  Association along(DomainPair other, FederationLevel level) {
    return new Association(stream, other, direction, basis, level, until);
  }

  @Override
  public String toString() {
    return "%s %s on stream %d: %s".formatted(pair, direction.wire(), stream, level.wire());
  }
}
