namespace Oort.Checksums;

/// <summary>Bytes of one stream that wait to be hashed.</summary>
internal interface IMd5Work
{
    /// <summary>Of the stream, up to here; a lane carries it on and writes it back.</summary>
    ref Md5State State { get; }

    /// <summary>The next whole blocks that lie in one piece, or none at the end. The bytes between such pieces are hashed here.</summary>
    bool TryTakeBlocks(out ReadOnlyMemory<byte> blocks);

    /// <summary>All has been hashed, or nothing more will be: tells whoever waits.</summary>
    /// <param name="failure">Why the bytes could not be read, or null.</param>
    /// <param name="isInline">Let him go on in this very call rather than on a thread of the pool.</param>
    void Complete(Exception? failure, bool isInline);
}
