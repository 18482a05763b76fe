import Testing

@testable import ImgbasedHost

@Suite struct PoolMeterTests {
    /// A layer's pool is found by the kernel's view of the devices, through any devices between.
    @Test func poolsAreFoundBeneath() throws {
        let scratch = try Scratch()
        func device(_ path: String, _ name: String, _ uuid: String) throws {
            try scratch.write("\(path)/dm/name", Array("\(name)\n".utf8))
            try scratch.write("\(path)/dm/uuid", Array("\(uuid)\n".utf8))
        }
        try device("253:3", "HostVG-Base--0.1", "LVM-group-layer")
        try device("253:3/slaves/dm-2", "HostVG-ImagePool-tpool", "LVM-group-pool-tpool")
        try device("253:3/slaves/dm-2/slaves/dm-1", "HostVG-ImagePool_tdata", "LVM-group-data-tdata")
        try device("253:4", "luks", "CRYPT-LUKS2-x-luks")
        try scratch.link("253:4/slaves", to: "../253:3/slaves")
        try device("253:5", "HostVG-Var", "LVM-group-var")
        try scratch.write("253:5/slaves/sda2/dev", Array("8:2\n".utf8))
        func names(_ number: String) throws -> [String] { try PoolMeter.names(beneath: scratch(number)) }
        #expect(try names("253:3") == ["HostVG-ImagePool-tpool"])
        #expect(try names("253:4") == ["HostVG-ImagePool-tpool"])
        #expect(try names("253:5") == [])
        #expect(try names("0:42") == [])
    }
}
