package im.comity.relay;

import im.comity.stream.StreamHandle;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Which established streams are open, and which are on their way out. */
public final class StreamDirectory {
  private final Map<StreamHandle, EstablishedStream> streams = new ConcurrentHashMap<>();
  private final Set<EstablishedStream> leaving = ConcurrentHashMap.newKeySet();

  void add(EstablishedStream stream) {
    streams.put(stream.facts().handle(), stream);
  }

  /** Nothing goes out on it any more; it is leaving until its connection has ended. */
  void remove(EstablishedStream stream) {
    if (streams.remove(stream.facts().handle(), stream)) {
      leaving.add(stream);
      var _ = stream.over().whenComplete((_, _) -> leaving.remove(stream));
    }
  }

  /** Those open now: a copy. */
  public Collection<EstablishedStream> open() {
    return List.copyOf(streams.values());
  }

  /** Those that wait for the peer's end, or for what is written to be taken: a copy. */
  public Collection<EstablishedStream> leaving() {
    return List.copyOf(leaving);
  }

  /** How many are open. */
  public int size() {
    return streams.size();
  }
}
