// From nothing to a booted layer, in a machine: `make demo`.

import Foundation
import TestMachine

/// What is shown, told as it happens.
func tell(_ text: String) {
    print(text)
    fflush(nil)
}

/// Shows a heading.
func tell(step: String) {
    tell("\n==> \(step)")
}

func demonstrate() throws {
    tell(step: "a Debian 12 root image, with imgbased in it, and a disk for it; this takes a few minutes")
    let disk = try InstalledDisk.current(anew: true) { step, output in
        tell(step: step.title)
        if !output.isEmpty { tell(output) }
    }

    tell(step: "the machine starts from that disk")
    let (booted, base) = try Machine(name: "demo", disks: [.overlay(of: disk.disk)]).run { vm in
        let menu = try vm.menu()
        // Newest first, so the second one is neither GRUB's default nor at an end.
        let layer = InstalledDisk.layers[1]
        try menu.highlight(layer.name)
        tell(vm.screen.joined(separator: "\n"))
        tell(step: "Enter on '\(layer.name)'")
        try menu.boot()
        try vm.waitForGuest()
        for command in [
            "imgbase w", "imgbase layout", "findmnt /", "lvs -a", "cat /run/imgbased/boot.json",
        ] {
            tell("\n# \(command)")
            tell(try vm.check(command))
        }
        let booted = try vm.check("imgbase layer --current")
        let base = try vm.check("imgbase base --of-layer '\(booted)'")
        guard booted == layer.name, base == layer.base else {
            throw MachineError.unexpected(
                "'\(layer.name)' was chosen, and '\(booted)' on '\(base)' was booted")
        }
        try vm.shutDown()
        return (booted, base)
    }
    tell("\ndemo: booted layer '\(booted)' on base '\(base)', chosen in the GRUB menu")
}

func interact() throws -> Never {
    let disk = try InstalledDisk.current { step, _ in tell(step: step.title) }
    tell(step: "choose a layer; root has no password; Ctrl-a x ends the machine")
    try Machine(name: "interactive", disks: [.overlay(of: disk.disk)]).becomeInteractive()
}

do {
    let isInteractive = ProcessInfo.processInfo.environment["INTERACTIVE"] == "1"
    if isInteractive { try interact() }
    try demonstrate()
} catch {
    FileHandle.standardError.write(Data("demo: \(error)\n".utf8))
    exit(1)
}
