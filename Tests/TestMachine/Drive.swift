import Foundation

/// A disk of a machine, described to QEMU on its command line or through its monitor.
struct Drive {
    /// Whether the disk is plugged into the machine.
    var isPlugged = true
    let name: String
    private let file: String
    private let isReadOnly: Bool
    /// Whether flushed data survives a power cut.
    ///
    /// False if the disk is used only after its machine has shut down. QEMU then does not wait for the build
    /// host's disk.
    private let isFlushed: Bool
    /// The path of the log of all writes; `nil` if none.
    let log: String?
    /// The driver of the device, and its place on the controller.
    private let attachment: [String: any Sendable]

    /// Makes disk `index` of a machine, and its file in the directory `scratch` if needed.
    init(_ disk: Disk, index: Int, on bus: Machine.Bus, scratch: String) throws {
        name = "disk\(index)"
        let new = "\(scratch)/\(name).qcow2"
        if case .recorded(_, let log) = disk { self.log = log } else { log = nil }
        switch disk {
        case .overlay(let base):
            try DiskImage.createOverlay(new, of: base)
            (file, isReadOnly, isFlushed) = (new, false, true)
        case .blank(let mebibytes):
            try DiskImage.create(new, mebibytes: mebibytes)
            (file, isReadOnly, isFlushed) = (new, false, true)
        case .file(let path), .recorded(let path, _):
            (file, isReadOnly, isFlushed) = (path, false, false)
        case .readOnly(let path):
            (file, isReadOnly, isFlushed) = (path, true, true)
        }
        switch bus {
        case .virtio: attachment = ["driver": "virtio-blk-pci"]
        case .ide:
            attachment = [
                "driver": isReadOnly ? "ide-cd" : "ide-hd", "bus": "ide.\(index / 2)", "unit": index % 2,
            ]
        }
    }

    /// QEMU's name of the device; the medium has another name.
    var deviceName: String { "\(name)-device" }

    /// The guest's name of disk `index`.
    static func device(at index: Int) -> String {
        "/dev/vd" + String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
    }

    /// The medium, as an argument of the monitor's `blockdev-add`.
    var medium: [String: any Sendable] {
        guard let log else { return medium(name: name) }
        return WriteLog.node(name: name, over: medium(name: name + "-file"), log: log)
    }

    private func medium(name: String) -> [String: any Sendable] {
        let cache = ["direct": false, "no-flush": !isFlushed]
        return [
            "driver": DiskImage.format(of: file), "node-name": name, "read-only": isReadOnly,
            "discard": "unmap",
            "cache": cache,
            "file": [
                "driver": "file", "filename": file, "read-only": isReadOnly, "discard": "unmap",
                "cache": cache,
            ] as [String: any Sendable],
        ]
    }

    /// The device, as an argument of the monitor's `device_add`.
    var device: [String: any Sendable] {
        var device = attachment.merging(["drive": name, "id": deviceName]) { $1 }
        // QEMU merges writes up to the build host's limit of parts. The header of the log would exceed the
        // limit and leave a hole in the log.
        if log != nil { device["request-merging"] = false }
        return device
    }

    /// The medium and the device, as arguments of QEMU.
    func arguments() throws -> [String] {
        try [("-blockdev", medium), ("-device", device)].flatMap { option, value in
            [option, String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)]
        }
    }
}

extension VM {
    /// Takes disk `index` out of a machine without power.
    public func unplug(_ index: Int) {
        drives[index].isPlugged = false
    }

    /// Pulls disk `index` out of the running machine, and waits until the guest's kernel releases it.
    public func pull(_ index: Int) throws {
        try execute("device_del", ["id": drives[index].deviceName])
        try waitForEvent("DEVICE_DELETED", of: drives[index].deviceName)
        try execute("blockdev-del", ["node-name": drives[index].name])
        drives[index].isPlugged = false
    }

    /// Plugs disk `index` into the running machine.
    public func plug(_ index: Int) throws {
        try execute("blockdev-add", drives[index].medium)
        try execute("device_add", drives[index].device)
        drives[index].isPlugged = true
    }
}
