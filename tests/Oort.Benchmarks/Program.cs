using Oort.Benchmarks.Kernels;

return args switch
{
    ["kernels", .. var rest] => KernelBenchmarks.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        Usage: Oort.Benchmarks VERB

          kernels [--rounds N] [--json]   erasure coding and checksums against scalar code and ISA-L, one core, buffers in cache
        """);
    return 2;
}
