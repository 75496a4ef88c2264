namespace Oort.Conformance.Harness;

/// <summary>A folder of the test's own that goes with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string FullPath { get; } = Directory.CreateTempSubdirectory("oort-test-").FullName;

    /// <summary>A path in it.</summary>
    public string this[params string[] parts] => Path.Combine([FullPath, .. parts]);

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
