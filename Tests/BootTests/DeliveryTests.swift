import Foundation
import TestMachine
import Testing

/// What `make image-build`, `live-iso` and `pxe` deliver, as users boot it.
@Suite struct DeliveryTests {
    @Test(
        "A disk boots the image to a healthy layer, by BIOS and UEFI, and takes each form of the payload",
        .checkAll)
    func disk() throws {
        try withScratch { scratch in
            let (file, login) = (scratch + "/runtime-layout.img", Login())
            _ = try NodeDisk.make(file, login: login)
            try ImageCheck.disk(file, login: login, firmware: .bios, payloads: NodeImage.payload())
            try ImageCheck.disk(file, login: login, firmware: .uefi)
        }
    }

    @Test(
        "The live system boots from a USB stick by UEFI, and from a CD by BIOS, and installs itself",
        .checkAll)
    func iso() throws {
        try withScratch { scratch in
            let (file, login) = (scratch + "/live.iso", Login())
            try LiveSystem.makeISO(file, login: login)
            try ImageCheck.iso(file, login: login, firmware: .bios)
            try ImageCheck.iso(file, login: login, firmware: .uefi)
        }
    }

    @Test("The live system boots by iPXE, over HTTP, and installs itself unattended", .checkAll)
    func pxe() throws {
        try ImageCheck.pxe()
    }

    private func withScratch(_ body: (_ directory: String) throws -> Void) throws {
        let scratch = try BuildDirectory.makeScratch("delivery")
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try body(scratch)
    }
}
