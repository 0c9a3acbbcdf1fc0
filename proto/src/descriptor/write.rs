//! A descriptor to bytes, its fields in the order of their numbers.

use super::model::{
    EncodedOptions, EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor, NumberRange,
    OneofDescriptor, ServiceDescriptor, label_number,
};
use crate::wire::{write_bytes, write_int32};

/// The bytes of a `FileDescriptorProto`.
pub(crate) fn write(file: &FileDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &file.name);
    optional_text(&mut out, 2, file.package.as_deref());
    texts(&mut out, 3, &file.dependencies);
    messages(&mut out, 4, &file.messages, message);
    messages(&mut out, 5, &file.enums, enumeration);
    messages(&mut out, 6, &file.services, service);
    messages(&mut out, 7, &file.extensions, field);
    options(&mut out, 8, &file.options);
    for index in &file.public_dependencies {
        write_int32(&mut out, 10, i32::try_from(*index).expect("an index into imports"));
    }
    optional_text(&mut out, 12, file.syntax);
    out
}

fn text(out: &mut Vec<u8>, number: u32, value: &str) {
    write_bytes(out, number, value.as_bytes());
}

fn optional_text(out: &mut Vec<u8>, number: u32, value: Option<&str>) {
    if let Some(value) = value {
        text(out, number, value);
    }
}

fn texts(out: &mut Vec<u8>, number: u32, values: &[String]) {
    for value in values {
        text(out, number, value);
    }
}

fn options(out: &mut Vec<u8>, number: u32, options: &EncodedOptions) {
    if let Some(bytes) = options {
        write_bytes(out, number, bytes);
    }
}

fn messages<T>(out: &mut Vec<u8>, number: u32, values: &[T], encode: impl Fn(&T) -> Vec<u8>) {
    for value in values {
        write_bytes(out, number, &encode(value));
    }
}

fn message(message: &MessageDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &message.name);
    messages(&mut out, 2, &message.fields, field);
    messages(&mut out, 3, &message.nested, self::message);
    messages(&mut out, 4, &message.enums, enumeration);
    messages(&mut out, 5, &message.extension_ranges, number_range);
    messages(&mut out, 6, &message.extensions, field);
    options(&mut out, 7, &message.options);
    messages(&mut out, 8, &message.oneofs, oneof);
    messages(&mut out, 9, &message.reserved_ranges, number_range);
    texts(&mut out, 10, &message.reserved_names);
    out
}

fn number_range(range: &NumberRange) -> Vec<u8> {
    let mut out = Vec::new();
    write_int32(&mut out, 1, range.start);
    write_int32(&mut out, 2, range.end);
    options(&mut out, 3, &range.options);
    out
}

fn oneof(oneof: &OneofDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &oneof.name);
    write_bytes(&mut out, 2, &oneof.options);
    out
}

fn field(field: &FieldDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &field.name);
    optional_text(&mut out, 2, field.extendee.as_deref());
    write_int32(&mut out, 3, field.number);
    if let Some(label) = field.label {
        write_int32(&mut out, 4, label_number(label));
    }
    if let Some(kind) = field.kind {
        write_int32(&mut out, 5, kind.number());
    }
    optional_text(&mut out, 6, field.type_name.as_deref());
    optional_text(&mut out, 7, field.default.as_deref());
    options(&mut out, 8, &field.options);
    if let Some(index) = field.oneof_index {
        write_int32(&mut out, 9, i32::try_from(index).expect("an index into oneofs"));
    }
    optional_text(&mut out, 10, field.json_name.as_deref());
    if field.proto3_optional {
        write_int32(&mut out, 17, 1);
    }
    out
}

fn enumeration(declared: &EnumDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &declared.name);
    for value in &declared.values {
        let mut encoded = Vec::new();
        text(&mut encoded, 1, &value.name);
        write_int32(&mut encoded, 2, value.number);
        options(&mut encoded, 3, &value.options);
        write_bytes(&mut out, 2, &encoded);
    }
    options(&mut out, 3, &declared.options);
    messages(&mut out, 4, &declared.reserved_ranges, number_range);
    texts(&mut out, 5, &declared.reserved_names);
    out
}

fn service(service: &ServiceDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &service.name);
    messages(&mut out, 2, &service.methods, method);
    options(&mut out, 3, &service.options);
    out
}

fn method(method: &MethodDescriptor) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &method.name);
    text(&mut out, 2, &method.request);
    text(&mut out, 3, &method.response);
    options(&mut out, 4, &method.options);
    write_int32(&mut out, 5, i32::from(method.client_streaming));
    write_int32(&mut out, 6, i32::from(method.server_streaming));
    out
}
