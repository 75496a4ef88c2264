namespace Oort.Identity.Grants;

/// <summary>What is to be narrowed is no credential, or the caveat is none; the message is a sentence for who asked.</summary>
public sealed class GrantException(string message) : Exception(message);
