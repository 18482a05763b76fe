import Testing

@testable import ImgbasedCore

@Suite struct FileLockTableTests {
    private static let table = FileLockTable(
        """
        1: POSIX  ADVISORY  WRITE 11 00:1b:77 0 EOF
        2: FLOCK  ADVISORY  WRITE 12 00:1b:77 0 EOF
        2: -> FLOCK  ADVISORY  WRITE 13 00:1b:77 0 EOF
        3: -> FLOCK  ADVISORY  WRITE 14 fd:00:78 0 EOF
        4: FLOCK  ADVISORY  WRITE 15 103:05:78 0 EOF
        """)

    @Test func knowsWhoHasALockAndWhoWaits() {
        #expect(Self.table.holder(major: 0, minor: 0x1b, inode: 77) == 12)
        #expect(Self.table.holder(major: 0xfd, minor: 0, inode: 78) == nil)
        #expect(Self.table.holder(major: 0x103, minor: 5, inode: 78) == 15)
        #expect(Self.table.holder(major: 0, minor: 0x1b, inode: 7) == nil)
    }
}
