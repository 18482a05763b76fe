import Foundation
import Glibc
import ImgbasedHostLinux
import Testing

/// The program itself, built beside these tests: what it says about its commands.
@Suite struct CommandFormsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Both outputs, with the exit status as the last line.
    private func imgbase(_ words: String, by prefix: String = "") throws -> [String] {
        let tests = try #require(HostSystem.resolved("/proc/self/exe"))
        let program = URL(filePath: tests).deletingLastPathComponent().path + "/imgbase"
        return try scratch.shell(
            "\(prefix) '\(program)' \(words) 2>&1 && status=0 || status=$?; echo $status"
        )
        .split(separator: "\n").map(String.init)
    }

    /// libdispatch's threads read /proc, and end a program that has none.
    @Test(.enabled(if: getuid() == 0, "mounting needs root"))
    func withoutProcOneLineSaysSo() throws {
        let unmount = "unshare --mount sh -c 'mount -t tmpfs none /proc && exec \"$@\"' sh"
        for words in ["--version", "status", "health", ""] {
            let expected = [
                "imgbase: cannot run without /proc; mount it with 'mount -t proc proc /proc'", "2",
            ]
            #expect(try imgbase(words, by: unmount) == expected)
        }
    }

    /// `check` ends as monitoring plugins do.
    @Test(
        "What only root may do ends with one line and one status for others",
        .enabled(if: getuid() == 0, "others may not make a user namespace everywhere"),
        arguments: [
            "layout", "layout bases", "layout layers", "layout free-space", "layout init /dev/null",
            "base latest", "base of-layer Base-0.1", "base verify", "base pin Base-0", "base remove Base-0",
            "layer latest", "layer current", "layer add", "layer remove Base-0.1", "boot list",
            "boot get-default", "boot set-default Base-0.1", "boot verify", "boot refresh", "boot started",
            "recover", "recover list", "update --preview", "update --complete", "rollback",
            "rollback --carry-etc --preview", "--dry rollback", "health", "check", "w", "volume",
            "volume create /srv 1G", "volume attach /srv", "volume detach /srv", "volume remove /srv",
        ])
    func withoutRoot(words: String) throws {
        let lines = try imgbase(words, by: "unshare --user")
        #expect(lines.count == 2 && lines.first?.hasSuffix(": only root may do this; use sudo") == true)
        #expect(lines.last == (words == "check" ? "3" : "2"), "\(lines)")
    }

    @Test func helpAndCompletionsLeaveOutWhatOnlyUnitsCall() throws {
        let boot = try imgbase("boot --help")
        let verbs = boot.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
            .compactMap { $0.split(separator: " ").first }
        #expect(verbs.contains("list") && verbs.contains("refresh"))
        #expect(!verbs.contains { ["started", "good", "bad"].contains($0) })
        #expect(try !imgbase("update --help").contains { $0.contains("--complete") })
        for shell in ["bash", "zsh", "fish"] {
            let script = try imgbase("--generate-completion-script \(shell)").joined(separator: "\n")
            #expect(script.contains("get-default") && script.contains("imgbase layout layers"))
            #expect(!script.contains("go-back"), "\(shell)")
            #expect(!script.contains(#/["' ]started\b/#), "\(shell)")
        }
    }

    @Test(
        "Each verb is a word and an option, and both are understood",
        arguments: [
            "layout init", "layout bases", "layout layers", "layout free-space", "base add", "base remove",
            "base pin", "base unpin", "base verify", "base latest", "base of-layer", "layer add",
            "layer remove", "layer latest", "layer current", "boot list", "boot get-default",
            "boot set-default", "boot once", "boot try", "boot args-add", "boot args-remove", "boot verify",
            "boot refresh", "boot install", "boot uninstall", "boot started", "boot good", "boot bad",
            "recover list", "volume list", "volume create", "volume attach", "volume detach",
            "volume remove",
        ])
    func bothForms(verb: String) throws {
        let word = try imgbase(verb + " --help")
        let option = try imgbase(verb.replacing(" ", with: " --") + " --help")
        #expect(word == option)
        #expect(word.last == "0" && word.contains { $0.hasPrefix("USAGE: imgbase \(verb) ") }, "\(word)")
    }

    @Test func oneHintNamesTheCommandThatWasTyped() throws {
        #expect(
            try imgbase("boot --try Base-0.1 --tries 12")
                == ["imgbase: --tries must be 1 to 9, not 12; see 'imgbase boot try --help'", "2"])
        // The unknown option, not what follows from it.
        #expect(
            try imgbase("layout init --sise 3G /dev/x")
                == [
                    "imgbase: Unknown option '--sise'. Did you mean '--size'? See 'imgbase layout init --help'",
                    "2",
                ])
        #expect(
            try imgbase("update --prevew")
                == [
                    "imgbase: Unknown option '--prevew'. Did you mean '--preview'? See 'imgbase update --help'",
                    "2",
                ])
        #expect(
            try imgbase("boot lsit")
                == ["imgbase: 'imgbase boot' does not know 'lsit'; did you mean 'imgbase boot list'?", "2"])
        #expect(try imgbase("") == ["imgbase: say what to do; see 'imgbase --help'", "2"])
    }
}
