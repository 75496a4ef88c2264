namespace Oort.Metadata;

/// <summary>Settings that are read, changed and written as one step, also where several gateways share the metadata.</summary>
public static class SettingChange
{
    /// <summary>An attempt fails only when another's change came through in between: so many in a row are a fault.</summary>
    private const int AttemptsMax = 50;

    /// <summary>Changes a setting; durable when it returns.</summary>
    /// <param name="change">From what it is (null: unset) to what it shall be; called again when another was faster. What it throws ends the change. The array that it was given: nothing is written.</param>
    /// <returns>What the setting is now.</returns>
    /// <exception cref="MetadataUnavailableException">It cannot be read or written now.</exception>
    public static async ValueTask<byte[]?> ChangeSettingAsync(this IMetadataStore metadata, string name, Func<byte[]?, byte[]?> change, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var before = await metadata.GetSettingAsync(name, cancellationToken);
            var after = change(before);
            if (ReferenceEquals(before, after) || await metadata.ReplaceSettingAsync(name, before, after, CancellationToken.None)) return after;
        }

        throw new MetadataUnavailableException($"The setting {name} is changed by others all the time.");
    }
}
