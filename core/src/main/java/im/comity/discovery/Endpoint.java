package im.comity.discovery;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * One address of a candidate.
 *
 * @param rank the candidate's place in the order of candidates
 */
record Endpoint(Candidate candidate, int rank, InetSocketAddress socketAddress) {
  InetAddress address() {
    return socketAddress.getAddress();
  }
}
