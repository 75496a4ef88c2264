namespace Oort.S3.Tests;

/// <summary>Small damage: bytes changed, removed, doubled, put in or cut off.</summary>
internal static class Mutation
{
    public static byte[] Of(byte[] bytes, Random random)
    {
        var mutated = bytes.ToList();
        for (var count = random.Next(1, 4); count > 0 && mutated.Count > 0; count--)
        {
            var at = random.Next(mutated.Count);
            switch (random.Next(6))
            {
                case 0: mutated[at] = (byte)random.Next(256); break;
                case 1: mutated[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: mutated.RemoveAt(at); break;
                case 3: mutated.Insert(at, (byte)random.Next(256)); break;
                case 4: mutated.InsertRange(at, mutated.GetRange(at, Math.Min(random.Next(1, 40), mutated.Count - at))); break;
                default: mutated.RemoveRange(at, mutated.Count - at); break;
            }
        }

        return [.. mutated];
    }
}
