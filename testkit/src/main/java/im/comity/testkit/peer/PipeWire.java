package im.comity.testkit.peer;

import im.comity.testkit.Pipe;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A wire over one end of a pipe. */
final class PipeWire implements Wire {
  private final Pipe.End end;

  PipeWire(Pipe.End end) {
    this.end = end;
  }

  @Override
  public int read(byte[] into, int from, int length, Duration patience) throws IOException {
    return end.read(into, from, length, patience);
  }

  @Override
  public void write(byte[] bytes, int from, int length, Duration patience) throws IOException {
    end.write(bytes, from, length, patience);
  }

  @Override
  public void closeOutput() {
    end.closeOutput();
  }

  @Override
  public void cutOutput() {
    end.closeOutput();
  }

  @Override
  public void close() {
    end.close();
  }

  @Override
  public void reset() {
    end.reset();
  }

  @Override
  public @Nullable TlsFacts tls() {
    return null;
  }
}
