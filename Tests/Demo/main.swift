// `make demo`: shows an installation, a booted layer, an update and the way back, in a machine.

import Foundation
import TestMachine

/// Prints a text without delay, even to a pipe.
func tell(_ text: String) {
    print(text)
    fflush(nil)
}

/// The stages of the demonstration and their times.
@MainActor enum Stages {
    private static var start = ContinuousClock.now
    private static var last: ContinuousClock.Instant?

    /// Prints the time of the previous stage.
    static func end() {
        if let last {
            tell(
                "    (\((ContinuousClock.now - last).inSeconds), in all \((ContinuousClock.now - start).inSeconds))"
            )
        } else {
            start = .now
        }
        last = .now
    }
}

/// Prints the time of the previous stage, and a heading for the next.
@MainActor func tell(step: String) {
    Stages.end()
    tell("\n==> \(step)")
}

/// Runs `command` in the guest, and shows and returns its output.
@discardableResult
func show(_ command: String, in vm: VM, within limit: Duration = .minutes(1)) throws -> String {
    tell("\n# \(command)")
    let output = try vm.check(command, within: limit)
    tell(output)
    return output
}

/// Restarts the machine, shows GRUB's menu, and waits for the unattended boot.
@MainActor func restart(_ vm: VM) throws {
    tell(step: "restart; nobody touches the menu")
    try vm.reboot()
    try vm.expect("Loading layer ", within: .minutes(3))
    try vm.waitForGuest(after: " ...")
    try vm.check("systemctl is-system-running --wait || true", within: .minutes(3))
}

/// Throws unless the booted layer is `layer`.
func expectBooted(_ layer: String, in vm: VM) throws {
    let booted = try vm.check("imgbase layer --current")
    guard booted == layer else {
        throw MachineError.unexpected("'\(layer)' was to be booted, and '\(booted)' was")
    }
}

@MainActor func demonstrate() throws {
    tell("This takes about six minutes on two cores, and some more the first time.")
    tell(step: "a Debian 12 root image, with imgbased in it, and a disk for it")
    let disk = try InstalledDisk.current(anew: true) { step, output in
        tell(step: step.title)
        if !output.isEmpty { tell(output) }
    }

    tell(step: "the machine starts from that disk")
    let next = try RootImage.current().image
    try Machine(name: "demo", disks: [.overlay(of: disk.disk), .overlay(of: next)]).run { vm in
        let menu = try vm.menu()
        // The menu shows the newest layer first, so this layer is neither GRUB's default nor the last entry.
        let layer = InstalledDisk.layers[1]
        try menu.highlight(layer.name)
        tell(vm.screen.joined(separator: "\n"))
        tell(step: "Enter on '\(layer.name)'")
        try menu.boot()
        try vm.waitForGuest()
        for command in [
            "imgbase w", "imgbase layout", "findmnt /", "lvs -a", "cat /run/imgbased/boot.json",
        ] {
            try show(command, in: vm)
        }
        try expectBooted(layer.name, in: vm)
        let base = try vm.check("imgbase base --of-layer '\(layer.name)'")
        guard base == layer.base else {
            throw MachineError.unexpected("'\(layer.name)' is on '\(base)', not '\(layer.base)'")
        }

        tell(step: "the administrator's changes, and the next image on /dev/vdb: both changed /etc/issue")
        try show("echo 'Only for staff' >/etc/issue; echo mine >/etc/local.conf", in: vm)
        try show(
            "mount /dev/vdb /mnt; echo 'Debian image 2' >/mnt/etc/issue; echo new >/mnt/etc/new.conf; umount /mnt",
            in: vm)
        let report = try show("imgbase update /dev/vdb", in: vm, within: .minutes(10))
        let updated = report.split(separator: "\n").last.map(String.init) ?? ""
        try restart(vm)
        for command in ["imgbase status", "head /etc/local.conf /etc/new.conf /etc/issue /etc/issue.imgnew"] {
            try show(command, in: vm)
        }
        try expectBooted(updated, in: vm)

        tell(step: "and back")
        try show("imgbase rollback --to \(layer.name)", in: vm)
        try restart(vm)
        try show("imgbase status; cat /etc/issue", in: vm)
        try expectBooted(layer.name, in: vm)
        try vm.shutDown()
        Stages.end()
        tell(
            "\ndemo: booted layer '\(layer.name)' on base '\(base)', chosen in the GRUB menu; "
                + "updated to '\(updated)' and went back")
    }
}

@MainActor func interact() throws -> Never {
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
