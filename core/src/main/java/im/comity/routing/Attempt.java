package im.comity.routing;

import im.comity.address.DomainPair;

/**
 * One try to open the way for one pair.
 *
 * @param pair the pair
 * @param began when, by the timers' nanoseconds
 */
record Attempt(DomainPair pair, long began) {}
