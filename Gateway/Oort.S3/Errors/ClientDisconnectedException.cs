namespace Oort.S3;

/// <summary>The client went away while its request was being read. Nobody is left to answer; nothing may be stored.</summary>
public sealed class ClientDisconnectedException(Exception? inner = null) : IOException("The client closed the connection before its request was complete.", inner);
