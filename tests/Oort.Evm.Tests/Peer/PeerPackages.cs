namespace Oort.Evm.Tests.Peer;

/// <summary>What build.sh installs into tests/peers/evm.</summary>
internal static class PeerPackages
{
    /// <param name="path">Below node_modules.</param>
    public static string Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "tests", "peers", "evm", "node_modules", path);
            if (File.Exists(file)) return file;
        }

        throw new InvalidOperationException($"{path} is not there: ./build.sh installs it into tests/peers/evm.");
    }
}
