// `make prove`: proofs that take too long for a check. Words name the parts to run, NAME=VALUE sets a value.

import Foundation

do {
    let settings = Settings(CommandLine.arguments.dropFirst())
    guard settings.words.allSatisfy({ $0 == "flush" }) else {
        throw ProofError(description: "no part '\(settings.words.joined(separator: " "))'; there is flush")
    }
    guard try FlushPart(settings).run() else { exit(1) }
} catch {
    say("prove: \(error)")
    exit(1)
}
