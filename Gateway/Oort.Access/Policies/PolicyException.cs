namespace Oort.Access.Policies;

/// <summary>A text is no policy of its kind; the message is a sentence for whoever wrote it.</summary>
public sealed class PolicyException(string message) : Exception(message);
