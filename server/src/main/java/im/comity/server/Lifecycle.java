package im.comity.server;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What the operator asks of the running server by signals: SIGHUP to reload, SIGTERM or SIGINT to
 * stop.
 *
 * <p>The requests are for one thread, which takes them in turn: so a reload is never cut short by a
 * stop, and never overtakes another one.
 */
final class Lifecycle implements AutoCloseable {

  /** Something asked for. */
  enum Request {
    RELOAD,
    STOP
  }

  private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final List<Runnable> undo = new ArrayList<>();
  private final Runnable impatient;

  private Lifecycle(Runnable impatient) {
    this.impatient = impatient;
  }

  /**
   * Listens for signals from now on.
   *
   * @param impatient run by every further request to stop after the first: whoever asks twice does
   *     not want to wait
   */
  static Lifecycle listen(Runnable impatient) {
    Lifecycle lifecycle = new Lifecycle(impatient);
    lifecycle.on("HUP", Request.RELOAD);
    lifecycle.on("TERM", Request.STOP);
    lifecycle.on("INT", Request.STOP);
    return lifecycle;
  }

  private void on(String signal, Request request) {
    Runnable stopListening = Signals.onEach(signal, () -> ask(request));
    if (stopListening != null) {
      undo.add(stopListening);
    }
  }

  /** Asks for something, as a signal does. Reloads that nobody has begun yet are one. */
  void ask(Request request) {
    if (request == Request.STOP) {
      if (stopping.getAndSet(true)) {
        impatient.run();
        return;
      }
    } else if (requests.contains(request)) {
      return;
    }
    requests.add(request);
  }

  /** Waits for the next request. A stop goes before reloads that wait. */
  Request next() throws InterruptedException {
    Request next = requests.take();
    return stopping.get() ? Request.STOP : next;
  }

  /** Leaves the signals to whoever had them before. */
  @Override
  public void close() {
    undo.forEach(Runnable::run);
  }
}
