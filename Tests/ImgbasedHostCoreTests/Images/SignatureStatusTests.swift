import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct SignatureStatusTests {
    private static let good = ["NEWSIG", "KEY_CONSIDERED F 0", "GOODSIG A Name", "VALIDSIG F 2026"]
    private static let unknown = ["NEWSIG", "ERRSIG B 22 8 00 1795745542 9 F", "NO_PUBKEY B"]

    private func status(_ lines: [String]) -> SignatureStatus {
        SignatureStatus(lines.map { "[GNUPG:] \($0)\n" }.joined())
    }

    @Test func oneByAKnownKeyIsEnough() {
        let (good, unknown) = (SignatureStatusTests.good, SignatureStatusTests.unknown)
        #expect(status(good).isGood(ended: 0) && status(good + good).isGood(ended: 0))
        #expect(status(good + unknown).isGood(ended: 2) && status(unknown + good).isGood(ended: 2))
        #expect(!status(unknown).isGood(ended: 2))
        // The exit status must match the status lines.
        #expect(!status(good).isGood(ended: 2) && !status(good).isGood(ended: 1))
        #expect(!status(good + unknown).isGood(ended: 0) && !status(good + unknown).isGood(ended: 1))
    }

    @Test(
        arguments: [
            (["NEWSIG", "BADSIG A Name"], .bad("A")),
            (["NEWSIG", "EXPKEYSIG A Name", "VALIDSIG F"], .expiredKey("A")),
            (["NEWSIG", "REVKEYSIG A Name", "VALIDSIG F"], .revokedKey("A")),
            (["NEWSIG", "EXPSIG A Name", "VALIDSIG F"], .expired("A")),
            (["NEWSIG", "GOODSIG A Name", "EXPKEYSIG A Name", "VALIDSIG F"], .expiredKey("A")),
            (["NEWSIG", "ERRSIG B 22 8 00 1 4 F"], .unclear),
            (["NEWSIG", "ERRSIG B 22 8 00 1 9"], .unclear), (["NEWSIG", "ERRSIG"], .unclear),
            (["NEWSIG", "GOODSIG A", "VALIDSIG F", "ERRSIG B 22 8 00 1 9", "NO_PUBKEY B"], .unclear),
            (["NEWSIG", "GOODSIG A Name"], .unclear), (["NEWSIG", "VALIDSIG F"], .unclear),
            (["NEWSIG", "GOODSIG A VALIDSIG"], .unclear), (["NEWSIG"], .unclear),
            (["NEWSIG", "BADSIG"], .bad("")),
        ] as [([String], SignatureStatus.Verdict)])
    func nothingWorseIsGood(lines: [String], verdict: SignatureStatus.Verdict) {
        #expect(status(lines).verdicts == [verdict])
        let (good, unknown) = (SignatureStatusTests.good, SignatureStatusTests.unknown)
        for others in [[], good, good + unknown] {
            for whole in [others + lines, lines + others] {
                #expect(status(whole).worst == verdict)
                for end in [0, 1, 2] as [Int32] { #expect(!status(whole).isGood(ended: end)) }
            }
        }
    }

    @Test func nothingElseMayBeThere() {
        for line in ["NODATA 3", "UNEXPECTED 0", "FAILURE gpgv 1"] {
            for whole in [[line] + SignatureStatusTests.good, SignatureStatusTests.good + [line]] {
                #expect(!status(whole).isGood(ended: 0) && !status(whole).isGood(ended: 2))
            }
        }
        #expect(!SignatureStatus("").isGood(ended: 0) && SignatureStatus("").worst == nil)
        #expect(!SignatureStatus("GOODSIG VALIDSIG\n").isGood(ended: 0))
    }
}
