namespace Oort.S3;

/// <summary>A service of AWS beside S3 that is asked on the same address with the same keys: by forms, in signatures of its own name, with errors in a form of its own.</summary>
/// <param name="Names">Under which requests to it may be signed.</param>
/// <param name="Handler">Also told of anonymous requests.</param>
/// <param name="WriteError">Writes the document of an error; the last argument is the request's id.</param>
public sealed record QueryService(IReadOnlyList<string> Names, S3Handler Handler, Action<S3XmlWriter, S3Exception, string> WriteError);
