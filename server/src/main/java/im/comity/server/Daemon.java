package im.comity.server;

import im.comity.server.configuration.Configuration;
import java.io.IOException;
import java.time.Duration;

/** The running server, as the command sees it. It is called by one thread. */
public interface Daemon {

  /** Starts one. */
  interface Starter {
    /**
     * Starts a server and returns once it listens everywhere.
     *
     * @throws IOException if it cannot listen somewhere; then nothing of it runs
     */
    Daemon start(Configuration configuration) throws IOException;
  }

  /**
   * Takes a new configuration, all of it or nothing.
   *
   * @throws IOException if it cannot listen where the new one says; then the old one is in force
   */
  void reload(Configuration next) throws IOException;

  /**
   * Stops politely: takes no more connections, ends streams, delivers what they still bring, and
   * returns when all is done or the grace is over.
   */
  void stop(Duration grace);
}
