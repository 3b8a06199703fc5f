package im.comity.discovery;

/**
 * One question that was asked and what came back, kept for identity checks, the trace and the
 * checker (S2S-DNS-22).
 *
 * @param name the absolute name asked for
 */
public record Lookup(String name, RecordType type, DnsAnswer answer) {}
