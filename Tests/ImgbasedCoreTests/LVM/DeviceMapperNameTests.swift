import Testing

@testable import ImgbasedCore

@Suite struct DeviceMapperNameTests {
    @Test(arguments: [
        ("HostVG-Base--0.1", DeviceMapperName(group: "HostVG", volume: "Base-0.1")),
        ("HostVG-pool-tpool", DeviceMapperName(group: "HostVG", volume: "pool", layer: "tpool")),
        ("HostVG-pool_tmeta", DeviceMapperName(group: "HostVG", volume: "pool_tmeta")),
        ("my--host--vg-node--4.5.1--1+1", DeviceMapperName(group: "my-host-vg", volume: "node-4.5.1-1+1")),
        ("a---b", DeviceMapperName(group: "a-", volume: "b")),
        ("a-----b-c", DeviceMapperName(group: "a--", volume: "b", layer: "c")),
    ])
    func goesBothWays(text: String, name: DeviceMapperName) {
        #expect(name.description == text)
        #expect(DeviceMapperName(text) == name)
    }

    @Test(arguments: ["", "a", "-", "a-", "-a", "a--b", "a-b-c-d", "luks-8d1f-11ec-9621-0242"])
    func rejects(text: String) {
        #expect(DeviceMapperName(text) == nil)
    }
}
