namespace Oort.Erasure;

/// <summary>The frozen parity matrix of each code (docs/formats/shard.md, "The code"). It can never be changed: stored parity depends on it.</summary>
internal static class CodingMatrix
{
    /// <summary>The m×k matrix whose row i gives parity cell i from the k data cells.</summary>
    /// <remarks>
    /// Every square submatrix is invertible, which is what makes any k of the k+m cells enough. With two rows (1,1,…) and (1,2,4,…) that is
    /// because the powers 2^0 … 2^254 differ. Otherwise the matrix is Cauchy's 1/(x_i + y_j) with x_i = k+i and y_j = j; every square
    /// submatrix of it is again Cauchy's and invertible, and stays so when rows and columns are multiplied by non-zero factors: here
    /// by those that make the first row and the first column all ones, so that the first parity is plain XOR.
    /// </remarks>
    internal static FieldMatrix Create(int dataShards, int parityShards)
    {
        var (k, m) = (dataShards, parityShards);
        var matrix = new FieldMatrix(m, k);
        for (var i = 0; i < m; i++)
            for (var j = 0; j < k; j++)
                matrix[i, j] = m <= 2 ? GaloisField.PowerOfTwo(i * j) : Cauchy(k, i, j);
        return matrix;
    }

    // 1/(x_i + y_j), its column divided by the first row's 1/(x_0 + y_j), its row then by what is left in column 0.
    private static byte Cauchy(int k, int i, int j) => GaloisField.Divide(
        GaloisField.Multiply((byte)(k ^ j), (byte)(k + i)),
        GaloisField.Multiply((byte)((k + i) ^ j), (byte)k));
}
