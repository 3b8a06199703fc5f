package im.comity.relay;

import im.comity.stream.StreamHandle;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Which established streams are open. */
public final class StreamDirectory {
  private final Map<StreamHandle, EstablishedStream> streams = new ConcurrentHashMap<>();

  void add(EstablishedStream stream) {
    streams.put(stream.facts().handle(), stream);
  }

  void remove(EstablishedStream stream) {
    streams.remove(stream.facts().handle());
  }

  /** Those open now: a copy. */
  public Collection<EstablishedStream> open() {
    return List.copyOf(streams.values());
  }

  /** How many are open. */
  public int size() {
    return streams.size();
  }
}
