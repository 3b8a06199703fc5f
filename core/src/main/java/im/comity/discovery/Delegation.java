package im.comity.discovery;

import im.comity.address.Domain;
import java.util.List;

/** Where a domain is served: what DNS, or the operator, says of it. */
public sealed interface Delegation {
  /** The questions that were asked, in order, with their answers (S2S-DNS-22). */
  List<Lookup> lookups();

  /**
   * There are places to try.
   *
   * @param source the domain that was asked for
   * @param candidates the places in the order to try them, at least one
   * @param lookups see {@link Delegation#lookups()}
   * @param override whether a static route decided (S2S-DNS-12)
   * @param fallback whether there are no SRV records, so that the domain's own address and port
   *     5269 are the only candidate (S2S-DNS-10)
   */
  record Found(
      Domain source,
      List<Candidate> candidates,
      List<Lookup> lookups,
      boolean override,
      boolean fallback)
      implements Delegation {
    public Found {
      candidates = List.copyOf(candidates);
      lookups = List.copyOf(lookups);
      if (candidates.isEmpty()) {
        throw new IllegalArgumentException("no candidate");
      }
    }
  }

  /**
   * The domain does not federate: its DNS says so with a target of ".", its records cannot be used,
   * or it is an IP literal and our policy refuses those.
   *
   * @param reason one line for people
   */
  record Refused(String reason, List<Lookup> lookups) implements Delegation {
    public Refused {
      lookups = List.copyOf(lookups);
    }
  }

  /**
   * DNS could not be asked, so nothing is known and nothing may be tried (S2S-DNS-11).
   *
   * @param reason one line for people, naming the question and the cause
   */
  record Failed(String reason, List<Lookup> lookups) implements Delegation {
    public Failed {
      lookups = List.copyOf(lookups);
    }
  }
}
