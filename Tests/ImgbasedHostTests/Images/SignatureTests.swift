import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

/// Images with a required signature on their list, checked by gpgv(1) itself.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct SignatureTests {
    /// An image, its list, and a signature `KEY.sig` by each kind of key; all except `other` are trusted.
    ///
    /// `bad` is the good key's signature of another list; `old` is a signature that was valid for a day.
    private func signed() throws -> ImageMaker {
        let maker = try ImageMaker()
        _ = try maker.image("ext4", "zstd")
        try maker.shell(
            """
            sha256sum image > SHA256SUMS; sed s/image/other/ SHA256SUMS > x
            run() { key=$1; shift; gpg --homedir $key --batch --quiet --passphrase '' "$@" 2>/dev/null; }
            past="--faked-system-time 20200101T000000!"
            for key in good other revoked; do mkdir -m 700 $key; run $key --quick-generate-key $key ed25519 sign never; done
            for key in expired old; do mkdir -m 700 $key; done
            run expired $past --quick-generate-key expired ed25519 sign 1d
            run old $past --quick-generate-key old ed25519 sign never
            for key in good other revoked; do run $key --output $key.sig --detach-sign SHA256SUMS; done
            run good --output bad.sig --detach-sign x
            run expired $past --output expired.sig --detach-sign SHA256SUMS
            run old $past --default-sig-expire 1d --output old.sig --detach-sign SHA256SUMS
            run good --output inline.sig --sign SHA256SUMS
            sed 's/^:---/---/' revoked/openpgp-revocs.d/*.rev > x; run revoked --import x
            for key in good revoked expired old; do run $key --export; done > trusted.gpg
            echo garbage > garbage.sig
            run good --enarmor < good.sig > armoured.sig; run good --armor --export > armoured.gpg
            for key in good other revoked expired old; do gpgconf --homedir $key --kill all; done
            """)
        return maker
    }

    @Test func signaturesAreHeld() async throws {
        let maker = try signed()
        #expect(await maker.outcome().contains("there is no SHA256SUMS.gpg beside it"))
        func outcome(_ signatures: String...) async throws -> String {
            try maker.shell("cat \(signatures.map { $0 + ".sig" }.joined(separator: " ")) > SHA256SUMS.gpg")
            return await maker.outcome()
        }
        #expect(try await outcome("good") == "accepted")
        #expect(try await outcome("armoured") == "accepted")
        #expect(try await outcome("other").contains("is not good"))
        // One signature by a trusted key is enough.
        #expect(try await outcome("good", "other") == "accepted")
        #expect(try await outcome("other", "good") == "accepted")
        #expect(try await outcome("other", "other").contains("is not good"))
        for wrong in ["bad", "expired", "revoked", "old", "garbage", "inline"] {
            #expect(try await outcome(wrong).contains("is not good"), "\(wrong)")
            #expect(try await outcome("good", wrong).contains("is not good"), "\(wrong)")
            #expect(try await outcome("other", wrong, "good").contains("is not good"), "\(wrong)")
        }
        _ = try await outcome("good")
        try maker.shell("cp SHA256SUMS list; echo >> SHA256SUMS")
        #expect(await maker.outcome().contains("is not good"))
        try maker.shell("mv list SHA256SUMS; : > SHA256SUMS.gpg")
        #expect(await maker.outcome().contains("is not good"))
        try maker.shell("rm SHA256SUMS SHA256SUMS.gpg")
        #expect(await maker.outcome().contains("there is no SHA256SUMS beside it"))
        #expect(await maker.outcome("/dev/zero").contains("a pipe has no signature"))
    }

    @Test func whatIsWrongWithASignatureIsTold() async throws {
        let maker = try signed()
        func outcome(_ signature: String) async throws -> String {
            try maker.shell("cp \(signature).sig SHA256SUMS.gpg")
            return await maker.outcome()
        }
        func key(_ name: String) throws -> String {
            try maker.shell(
                "gpg --homedir \(name) --batch --with-colons --list-keys 2>/dev/null | sed -n 's/^pub:[^:]*:[^:]*:[^:]*:\\([^:]*\\):.*/\\1/p'"
            )
        }
        defer {
            _ = try? maker.shell(
                "for key in good other revoked expired old; do gpgconf --homedir $key --kill all; done")
        }
        for (signature, name, reason) in [
            ("expired", "expired", "has expired; get a valid key, and the list signed with it"),
            ("revoked", "revoked", "was revoked; get a valid key, and the list signed with it"),
            ("old", "old", "has expired; get a valid one"),
            ("other", "other", "which is not in \(maker.trust.keyring)"),
            ("bad", "good", "signed other data; get both again"),
        ] {
            let said = try await outcome(signature)
            #expect(said.contains(reason), "\(said)")
            #expect(said.contains("key \(try key(name))"), "\(said)")
            #expect(signature == "bad" || !said.contains("again"), "\(said)")
        }
        #expect(try await outcome("garbage").contains("get it again"))
    }

    @Test func armouredKeysAreRefused() async throws {
        let maker = try signed()
        try maker.shell("cp good.sig SHA256SUMS.gpg; mv armoured.gpg trusted.gpg")
        #expect(await maker.outcome().contains("make them binary with 'gpg --dearmor'"))
    }

    @Test(arguments: [
        ("ln -s gone/keys.gpg trusted.gpg", "it is a link that leads nowhere"),
        ("ln -s trusted.gpg trusted.gpg", "Too many levels of symbolic links"),
        ("mkdir trusted.gpg", "it is not a plain file"),
    ])
    func keysThatCannotBeReadAreAskedForAllTheSame(commands: String, reason: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4")
        try maker.shell("sha256sum image > SHA256SUMS; \(commands)")
        let outcome = await maker.outcome()
        #expect(outcome.contains("the keys in \(maker.trust.keyring) cannot be read: \(reason); "))
        // The keys are also required for a device instead of a file, and if their directory is a link.
        #expect(await maker.outcome("/dev/zero").contains("cannot be read"))
        try maker.shell("ln -s gone keys")
        let linked = ImageTrust(keyring: maker.scratch("keys/trusted.gpg"))
        #expect(await maker.outcome(trust: linked).contains("cannot be read"))
        let absent = ImageTrust(keyring: maker.scratch("none/trusted.gpg"))
        #expect(await maker.outcome(trust: absent) == "accepted")
    }
}
