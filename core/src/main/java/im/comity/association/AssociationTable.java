package im.comity.association;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission.Admitted;
import im.comity.policy.Direction;
import im.comity.policy.Requirement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What one stream has been granted, a half for each direction.
 *
 * <p>Inbound a remote domain is entered once, whatever the number of its pairs: a stanza passes
 * when its sender is entered, its target is served here, and what is known of the sender meets the
 * rule of that very pair (C14, S2S-STZ-05). Where the rule says {@code strict-pairs} the pair
 * itself must have been granted. Outbound every pair is entered, since the peer's rule is not ours
 * to guess.
 *
 * <p>Safe for use by threads. {@link #find} and {@link #granted} take no lock unless a pair is
 * looked for that was not found lately. Nothing here knows the time; see {@link #expire}.
 */
public final class AssociationTable {
  private final long stream;
  private final Limits limits;
  private final Predicate<Domain> served;
  private final Function<DomainPair, Requirement> inboundRule;

  /**
   * The associations of each sender, the strongest first; lists are never changed, but replaced.
   */
  private final Map<Domain, List<Association>> senders = new ConcurrentHashMap<>();

  private final Map<DomainPair, Association> grants = new ConcurrentHashMap<>();

  /** Inbound pairs granted under {@code strict-pairs}, and pairs that were withdrawn. */
  private final Set<DomainPair> strict = ConcurrentHashMap.newKeySet();

  private final Set<DomainPair> withdrawn = ConcurrentHashMap.newKeySet();

  /** What {@link #find} found lately; emptied by every change. */
  private final Map<DomainPair, Association> found = new ConcurrentHashMap<>();

  /** How often anything has changed; written under the lock. */
  private volatile int changes;

  /**
   * How much a table may hold (DNA-DEL-12).
   *
   * @param senders remote domains that may send
   * @param pairs outbound pairs, and as many each of strict and of withdrawn inbound pairs
   * @param found inbound pairs whose permission is kept at hand
   */
  public record Limits(int senders, int pairs, int found) {
    /** For a stream between two large providers. */
    public static final Limits DEFAULT = new Limits(100_000, 200_000, 8_192);
  }

  /** Why a stanza finds no permission. */
  public enum Obstacle {
    /** Its sender is not proven on this stream: {@code invalid-from}. */
    SENDER_UNKNOWN,
    /** Its target is not served here: {@code host-unknown}. */
    TARGET_UNKNOWN,
    /** The rule wants each pair negotiated, and this one is not: {@code host-unknown}. */
    PAIR_NOT_GRANTED,
    /** The permission was withdrawn: the stanza bounces with {@code not-authorized}. */
    WITHDRAWN,
    /** What is known of the sender does not meet the rule: bounces with {@code not-authorized}. */
    BELOW_RULE
  }

  /**
   * An empty table.
   *
   * @param stream our handle of the stream
   * @param served whether a domain is served here; must not block
   * @param inboundRule the present rule for an inbound pair; must not block
   */
  public AssociationTable(
      long stream,
      Limits limits,
      Predicate<Domain> served,
      Function<DomainPair, Requirement> inboundRule) {
    this.stream = stream;
    this.limits = limits;
    this.served = served;
    this.inboundRule = inboundRule;
  }

  /**
   * Enters an association. It takes the place of an earlier one on the same ground; a weaker one
   * stays beside the stronger and serves when that expires (DNA-DEC-07).
   *
   * @return false if a limit is reached; then nothing has changed
   * @throws IllegalArgumentException if it is of another stream
   */
  public boolean add(Association association) {
    if (association.stream() != stream) {
      throw new IllegalArgumentException("%s is not of stream %d".formatted(association, stream));
    }
    DomainPair pair = association.pair();
    if (association.direction() == Direction.OUTBOUND) {
      synchronized (this) {
        if (grants.size() >= limits.pairs() && !grants.containsKey(pair)) {
          return false;
        }
        grants.put(pair, association);
        return true;
      }
    }
    boolean strictly = inboundRule.apply(pair).strictPairs();
    synchronized (this) {
      List<Association> held = senders.get(pair.sender());
      if (held == null && senders.size() >= limits.senders()) {
        return false;
      }
      if (strictly && strict.size() >= limits.pairs() && !strict.contains(pair)) {
        return false;
      }
      senders.put(pair.sender(), with(association, held == null ? List.of() : held));
      if (strictly) {
        strict.add(pair);
      }
      withdrawn.remove(pair);
      changed();
      return true;
    }
  }

  /** The permission by which a stanza of this pair comes in, or null; see {@link #obstacle}. */
  public @Nullable Association find(DomainPair pair) {
    Association known = found.get(pair);
    return known != null ? known : look(pair);
  }

  /**
   * Whether one pair alone sends, as far as is known: one sender is entered, and {@link #find} has
   * found no pair but one since anything changed.
   */
  public boolean single() {
    return senders.size() == 1 && found.size() <= 1;
  }

  /** Why {@link #find} has no permission for the pair; null if it has one after all. */
  public @Nullable Obstacle obstacle(DomainPair pair) {
    if (!senders.containsKey(pair.sender())) {
      return Obstacle.SENDER_UNKNOWN;
    }
    if (!served.test(pair.target())) {
      return Obstacle.TARGET_UNKNOWN;
    }
    if (withdrawn.contains(pair)) {
      return Obstacle.WITHDRAWN;
    }
    Requirement rule = inboundRule.apply(pair);
    if (rule.strictPairs() && !strict.contains(pair)) {
      return Obstacle.PAIR_NOT_GRANTED;
    }
    return permission(rule, pair) == null ? Obstacle.BELOW_RULE : null;
  }

  /** The permission to send stanzas of this pair, or null. */
  public @Nullable Association granted(DomainPair pair) {
    return grants.get(pair);
  }

  /**
   * Takes an inbound pair's permission back, and leaves the sender's other pairs undisturbed
   * (DNA-DEL-25). It comes back when the pair is entered again.
   *
   * @return false if there was no room to remember it: then the sender has no permission left at
   *     all, and the stream should end
   */
  public synchronized boolean withdraw(DomainPair pair) {
    if (!senders.containsKey(pair.sender())) {
      return true;
    }
    boolean room = withdrawn.size() < limits.pairs() || withdrawn.contains(pair);
    if (room) {
      withdrawn.add(pair);
      strict.remove(pair);
    } else {
      forget(Set.of(pair.sender()));
    }
    changed();
    return room;
  }

  /**
   * Strikes an outbound pair, because the peer took its permission back or it moved elsewhere. What
   * a peer says unasked may only ever do this (DNA-DEL-23).
   *
   * @return what was struck, or null
   */
  public synchronized @Nullable Association revoke(DomainPair pair) {
    return grants.remove(pair);
  }

  /**
   * Strikes what has expired: inbound domains of which nothing is left, and outbound pairs
   * (S2S-CLS-15, DNA-REV-07).
   *
   * @return the struck associations; the stream goes on while the table is not empty
   */
  public synchronized List<Association> expire(Instant now) {
    List<Association> struck = new ArrayList<>();
    Set<Domain> gone = new HashSet<>();
    senders.forEach(
        (sender, held) -> {
          List<Association> left = new ArrayList<>();
          held.forEach(association -> (expired(association, now) ? struck : left).add(association));
          if (left.isEmpty()) {
            gone.add(sender);
          } else if (left.size() < held.size()) {
            senders.put(sender, List.copyOf(left));
          }
        });
    forget(gone);
    grants
        .values()
        .removeIf(grant -> expired(grant, now) && struck.add(grant)); // the list takes them all
    changed();
    return struck;
  }

  /** Strikes all that an inbound domain was granted; returns what that was. */
  public synchronized List<Association> drop(Domain sender) {
    List<Association> held = senders.getOrDefault(sender, List.of());
    forget(Set.of(sender));
    changed();
    return held;
  }

  /** Weighs every pair anew from now on: call it after the rules or the served domains changed. */
  public synchronized void reconsider() {
    changed();
  }

  /** Whether nothing may flow along the stream in either direction. */
  public boolean isEmpty() {
    return senders.isEmpty() && grants.isEmpty();
  }

  /** The remote domains that may send: a copy. */
  public Set<Domain> senders() {
    return Set.copyOf(senders.keySet());
  }

  /** When something in it expires next; null if nothing ever does. */
  public @Nullable Instant nextExpiry() {
    return all().stream()
        .map(Association::until)
        .filter(Objects::nonNull)
        .min(Comparator.naturalOrder())
        .orElse(null);
  }

  /** Our own domains that the stream is used for, by grant or by stanzas that came: a copy. */
  public Set<Domain> ours() {
    Set<Domain> ours = new HashSet<>();
    for (Association association : all()) {
      DomainPair pair = association.pair();
      ours.add(association.direction() == Direction.OUTBOUND ? pair.sender() : pair.target());
    }
    found.keySet().forEach(pair -> ours.add(pair.target()));
    return ours;
  }

  /** All that is entered, for people: a copy. */
  public List<Association> all() {
    List<Association> all = new ArrayList<>();
    senders.values().forEach(all::addAll);
    all.addAll(grants.values());
    return all;
  }

  /** Outside the lock, because rules and served domains are other people's code. */
  private @Nullable Association look(DomainPair pair) {
    int before = changes;
    if (!senders.containsKey(pair.sender())
        || !served.test(pair.target())
        || withdrawn.contains(pair)) {
      return null;
    }
    Requirement rule = inboundRule.apply(pair);
    if (rule.strictPairs() && !strict.contains(pair)) {
      return null;
    }
    Association permission = permission(rule, pair);
    if (permission != null) {
      remember(permission, before);
    }
    return permission;
  }

  private @Nullable Association permission(Requirement rule, DomainPair pair) {
    for (Association held : senders.getOrDefault(pair.sender(), List.of())) {
      if (Workshop.further(rule, held, pair) instanceof Admitted(var association)) {
        return association;
      }
    }
    return null;
  }

  /** Keeps a finding at hand, unless something has changed since it was begun. */
  private synchronized void remember(Association permission, int before) {
    if (changes == before) {
      if (found.size() >= limits.found()) {
        found.clear();
      }
      found.put(permission.pair(), permission);
    }
  }

  /** Under the lock. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // every writer holds the lock
  private void changed() {
    changes++;
    found.clear();
  }

  /** Under the lock. A sender that is proven again asks for its strict pairs again. */
  private void forget(Set<Domain> gone) {
    if (!gone.isEmpty()) {
      senders.keySet().removeAll(gone);
      strict.removeIf(pair -> gone.contains(pair.sender()));
    }
  }

  private static boolean expired(Association association, Instant now) {
    Instant until = association.until();
    return until != null && now.isAfter(until);
  }

  /** The list with an association added in its place: strongest first, one for each ground. */
  private static List<Association> with(Association added, List<Association> held) {
    List<Association> all = new ArrayList<>();
    all.add(added);
    held.stream().filter(other -> !sameGround(added.basis(), other.basis())).forEach(all::add);
    all.sort(Comparator.comparing(Association::level).reversed());
    return List.copyOf(all);
  }

  private static boolean sameGround(Basis a, Basis b) {
    if (a instanceof Basis.ByProof(var proof) && b instanceof Basis.ByProof(var other)) {
      return proof.prooftype().equals(other.prooftype());
    }
    if (a instanceof Basis.ByDialback one && b instanceof Basis.ByDialback other) {
      return one.sameKey() == other.sameKey();
    }
    return a.getClass() == b.getClass();
  }
}
