/**
 * The {@code comity} command and the daemon that it runs.
 *
 * <p>Knows how a program behaves: arguments, exit statuses, signals, logs. Must not know how
 * federation works: it hands a {@link im.comity.server.configuration.Configuration} to the engine
 * and reports what comes back.
 *
 * <p>Start at {@link im.comity.server.Main}.
 */
@NullMarked
package im.comity.server;

import org.jspecify.annotations.NullMarked;
