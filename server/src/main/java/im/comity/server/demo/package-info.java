/**
 * The demonstration: two providers federate on loopback, with nothing to set up.
 *
 * <p>Knows how to make a small internet out of the test kit, and what to show of a federation to
 * somebody who has never seen one. Must not know how a federation works inside: it uses the front
 * door and the events, as any embedding program would.
 *
 * <p>Start at {@link im.comity.server.demo.DemoCommand}.
 */
@NullMarked
package im.comity.server.demo;

import org.jspecify.annotations.NullMarked;
