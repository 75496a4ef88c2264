namespace Oort.Backends.Local;

/// <summary>Names of blobs and logs as file names in one flat folder: '/' becomes '_', which no name has, so the two map one to one and no name is a folder of another.</summary>
internal static class NamedFiles
{
    public static string PathOf(string folder, string name)
    {
        StoreNames.ThrowIfInvalid(name);
        return $"{folder}/{name.Replace('/', '_')}";
    }

    /// <summary>Names in a folder that begin with a prefix, in ordinal order.</summary>
    public static string[] List(IDisk disk, string folder, string prefix)
    {
        StoreNames.ThrowIfInvalidPrefix(prefix);
        var names = disk.List(folder)
            .Where(file => !file.Contains('/', StringComparison.Ordinal))
            .Select(file => file.Replace('_', '/'))
            .Where(name => StoreNames.IsValid(name) && name.StartsWith(prefix, StringComparison.Ordinal))
            .ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }
}
